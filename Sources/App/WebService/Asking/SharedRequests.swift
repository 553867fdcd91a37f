import LocalHTTP
import NIOCore

/// The requests to the other processes of ours that are under way. Who asks for the same while one is waits for its answer: however
/// many clients a site on a network has, the supervisor has one for each question, and room for everyone else.
///
/// Owned by `loop`, and called there.
final class SharedRequests {
  /// How long an answer may take. A process that takes longer does not work as it should.
  static let patience = TimeAmount.seconds(2)

  private let runDirectory: String
  private let loop: any EventLoop
  private var pending: [String: EventLoopFuture<HTTPResponse>] = [:]

  init(runDirectory: String, on loop: any EventLoop) {
    self.runDirectory = runDirectory
    self.loop = loop
  }

  /// The answer to a GET, or an ``HTTPFailure``.
  func get(_ target: String, from peer: Peer) -> EventLoopFuture<HTTPResponse> {
    let question = "\(peer.rawValue) \(target)"
    if let answer = pending[question] { return answer }
    let answer = LocalHTTPClient.request(
      "GET", target, path: peer.socket(in: runDirectory), on: loop, timeout: Self.patience)
    pending[question] = answer
    let bound = NIOLoopBound(self, eventLoop: loop)
    answer.whenComplete { _ in bound.value.pending[question] = nil }
    return answer
  }
}
