import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Trading

/// The way to the supervisor: `POST /v1/observations` with a `ProbeReport` on its socket.
///
/// Only what is so now matters: of several reports about one gateway that could not be delivered, the last one goes out, and only if it
/// says something else than the one that was delivered last. A supervisor that is not there is asked again until it is.
final class SupervisorLink {
  private static let target = "/v1/observations"
  private static let retryInterval = TimeAmount.milliseconds(250)

  private let path: String
  private let loop: any EventLoop
  private let say: (Severity, String) -> Void
  private var current: [Mode: ProbeReport] = [:]
  private var delivered: [Mode: ProbeReport] = [:]
  private var isBusy = false
  private var isFailing = false
  private var retry: Scheduled<Void>?

  init(path: String, on loop: any EventLoop, say: @escaping (Severity, String) -> Void) {
    self.path = path
    self.loop = loop
    self.say = say
  }

  /// Sees to it that the supervisor hears of it.
  func tell(_ report: ProbeReport) {
    current[report.mode] = report
    deliver()
  }

  /// Nothing is delivered after this.
  func stop() {
    retry?.cancel()
    current = [:]
  }

  private func deliver() {
    guard !isBusy, retry == nil, let report = current.values.first(where: { delivered[$0.mode] != $0 }) else { return }
    guard let body = try? JSONEncoder().encode(report) else { return }
    isBusy = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    LocalHTTPClient.request("POST", Self.target, body: Array(body), path: path, on: loop).whenComplete { result in
      let link = bound.value
      link.isBusy = false
      switch result {
      case .success(let answer) where (200..<300).contains(answer.status): link.succeeded(report)
      case .success(let answer): link.failed("it answers \(answer.status) to \(Self.target)")
      case .failure(let error): link.failed(Self.reason(error))
      }
    }
  }

  private func succeeded(_ report: ProbeReport) {
    if isFailing { say(.info, "the supervisor takes observations again") }
    isFailing = false
    delivered[report.mode] = report
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
