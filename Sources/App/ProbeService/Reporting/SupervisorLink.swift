import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Trading

/// The way to the supervisor: `POST /v1/observations` with a `ProbeReport` on its socket, and `POST /v1/tailnet` with a `TailnetReport`.
///
/// Only what is so now matters: of several reports about one thing that could not be delivered, the last one goes out, and only if it
/// says something else than the one that was delivered last. A supervisor that is not there is asked again until it is.
final class SupervisorLink {
  /// A report as it goes out.
  private struct Letter: Equatable {
    let target: String
    let body: [UInt8]
  }

  private static let retryInterval = TimeAmount.milliseconds(250)

  private let path: String
  private let loop: any EventLoop
  private let say: (Severity, String) -> Void
  /// The last letter about each thing, and the last one that was taken.
  private var current: [String: Letter] = [:]
  private var delivered: [String: Letter] = [:]
  private var isBusy = false
  private var isFailing = false
  private var retry: Scheduled<Void>?

  init(path: String, on loop: any EventLoop, say: @escaping (Severity, String) -> Void) {
    self.path = path
    self.loop = loop
    self.say = say
  }

  /// Sees to it that the supervisor hears of it.
  func tell(_ report: ProbeReport) { send(report, about: report.mode.rawValue, to: "/v1/observations") }

  /// Sees to it that the supervisor hears of it.
  func tell(_ report: TailnetReport) { send(report, about: "tailnet", to: "/v1/tailnet") }

  private func send(_ report: some Encodable, about subject: String, to target: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let body = try? encoder.encode(report) else { return }
    current[subject] = Letter(target: target, body: Array(body))
    deliver()
  }

  /// Nothing is delivered after this.
  func stop() {
    retry?.cancel()
    current = [:]
  }

  private func deliver() {
    guard !isBusy, retry == nil, let (subject, letter) = current.first(where: { delivered[$0.key] != $0.value }) else {
      return
    }
    isBusy = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    LocalHTTPClient.request("POST", letter.target, body: letter.body, path: path, on: loop).whenComplete { result in
      let link = bound.value
      link.isBusy = false
      switch result {
      case .success(let answer) where (200..<300).contains(answer.status): link.succeeded(subject, letter)
      case .success(let answer): link.failed("it answers \(answer.status) to \(letter.target)")
      case .failure(let error): link.failed(Self.reason(error))
      }
    }
  }

  private func succeeded(_ subject: String, _ letter: Letter) {
    if isFailing { say(.info, "the supervisor takes observations again") }
    isFailing = false
    delivered[subject] = letter
    deliver()
  }

  private func failed(_ reason: String) {
    if !isFailing {
      say(.warning, "cannot tell the supervisor what is observed: \(reason); it is tried again four times a second")
    }
    isFailing = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    retry = loop.scheduleTask(in: Self.retryInterval) {
      bound.value.retry = nil
      bound.value.deliver()
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? HTTPFailure {
    case .notServed(let path): "nothing serves \(path)"
    case .refused(let path): "\(path) does not admit this user"
    case .timedOut(let path): "\(path) does not answer"
    case .broken(let path): "\(path) breaks off its answer"
    case nil: "\(error)"
    }
  }
}
