import Lifecycle
import LocalHTTP
import NIOCore
import NIOHTTP1

/// Why a request of ours was not carried out, as a clause.
public struct LocalAPIFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ text: String) { description = text }
}

/// The conversations with tailscaled. Each fails with a ``LocalAPIFailure``.
extension LocalAPI {
  /// The node's status; `peers` makes the answer as large as the tailnet.
  public func status(peers: Bool) -> EventLoopFuture<NodeStatus> {
    asked("GET", "status" + (peers ? "" : "?peers=false")).flatMapThrowing { answer in
      guard let status = NodeStatus(answer) else { throw LocalAPIFailure("its status cannot be read") }
      return status
    }
  }

  /// Joins the tailnet, or asks for an address at which a person can add the node: the preferences are read, changed and sent back whole.
  /// A node that has a key of its own, which has expired, takes a new one by `start` alone, as with the command line.
  public func logIn(_ login: TailnetLogin, hasNodeKey: Bool) -> EventLoopFuture<Void> {
    preferences().flatMap { preferences in
      asked("POST", "start", body: preferences.joined(by: login).startOptions(key: login.key))
    }.flatMap { answer in
      login.key != nil && hasNodeKey ? loop.makeSucceededFuture(answer) : asked("POST", "login-interactive")
    }.map { _ in }
  }

  /// Gives a node that has joined the name and the tags of `login`. Completes with whether anything had to be changed.
  public func configure(_ login: TailnetLogin) -> EventLoopFuture<Bool> {
    preferences().flatMap { preferences in
      guard let correction = preferences.correction(for: login) else {
        return loop.makeSucceededFuture(false)
      }
      return asked("PATCH", "prefs", body: correction.bytes).map { _ in true }
    }
  }

  /// Leaves the tailnet.
  public func logOut(within patience: TimeAmount) -> EventLoopFuture<Void> {
    asked("POST", "logout", timeout: patience).map { _ in }
  }

  /// Sets what is served. A config that somebody changes at the same moment is read again, once.
  public func serve(_ config: ServeConfig) -> EventLoopFuture<Void> {
    serveOnce(config).flatMapError { error in
      error as? LocalAPIFailure == Self.changed ? serveOnce(config) : loop.makeFailedFuture(error)
    }
  }

  /// Says every line of the bus to `onMessage`, until tailscaled ends; then completes or fails.
  public func watch(onMessage: @escaping (BusMessage) -> Void) -> EventLoopFuture<Void> {
    let lines = NIOLoopBoundBox(LineStream(), eventLoop: loop)
    let heard = NIOLoopBound(onMessage, eventLoop: loop)
    return LocalHTTPClient.stream(
      "GET", "/localapi/v0/watch-ipn-bus?mask=\(BusMessage.mask)", host: Self.host, path: socket, on: loop, timeout: nil
    ) { head, part in
      guard head.status == .ok else { return false }
      for line in lines.value.take(part.readableBytesView) {
        if let message = BusMessage(line) { heard.value(message) }
      }
      return true
    }.flatMapThrowing { head in
      guard head.status == .ok else { throw LocalAPIFailure("it answers \(head.status.code) to a watcher") }
    }.flatMapErrorThrowing { error in throw failure(error) }
  }

  // MARK: Small steps

  private func preferences() -> EventLoopFuture<Preferences> {
    asked("GET", "prefs").flatMapThrowing { answer in
      guard let preferences = Preferences(answer) else {
        throw LocalAPIFailure("its preferences cannot be read")
      }
      return preferences
    }
  }

  private static let changed = LocalAPIFailure("somebody else has changed the serve config")

  private func serveOnce(_ config: ServeConfig) -> EventLoopFuture<Void> {
    let path = "/localapi/v0/serve-config"
    let read = LocalHTTPClient.stream("GET", path, host: Self.host, path: socket, on: loop, timeout: .seconds(5)) {
      _, _ in true
    }
    return read.flatMap { head in
      let tag = head.headers.first(name: "etag")
      let said = NIOLoopBoundBox<[UInt8]>([], eventLoop: loop)
      return LocalHTTPClient.stream(
        "POST", path, headers: tag.map { ["If-Match": $0] } ?? [:], body: config.body, host: Self.host, path: socket,
        on: loop, timeout: .seconds(5)
      ) { _, part in
        said.value += part.readableBytesView
        return said.value.count < 65_536
      }.flatMapThrowing { head in
        if head.status == .preconditionFailed { throw Self.changed }
        guard head.status.code < 300 else { throw LocalAPIFailure(Self.words(said.value, status: head.status.code)) }
      }
    }.flatMapErrorThrowing { error in throw failure(error) }
  }

  private func asked(
    _ method: String, _ target: String, body: [UInt8] = [], timeout: TimeAmount = .seconds(5)
  ) -> EventLoopFuture<[UInt8]> {
    request(method, target, body: body, timeout: timeout).flatMapThrowing { response in
      guard response.status < 300 else {
        throw LocalAPIFailure(Self.words(response.body, status: UInt(response.status)))
      }
      return response.body
    }.flatMapErrorThrowing { error in throw failure(error) }
  }

  /// What tailscaled says in an answer that is no success.
  static func words(_ body: [UInt8], status: UInt) -> String {
    let text = String(decoding: body.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline).joined(
      separator: " ")
    if status == 403 { return "it lets only root and its own user write (\(text))" }
    return text.isEmpty ? "it answers \(status)" : text
  }

  private func failure(_ error: any Error) -> LocalAPIFailure {
    if let known = error as? LocalAPIFailure { return known }
    return switch error as? HTTPFailure {
    case .notServed: LocalAPIFailure("nothing serves \(socket)")
    case .refused: LocalAPIFailure("\(socket) does not admit this user")
    case .timedOut: LocalAPIFailure("\(socket) does not answer in time")
    case .broken: LocalAPIFailure("\(socket) breaks off its answer")
    case nil: LocalAPIFailure("\(error)")
    }
  }
}
