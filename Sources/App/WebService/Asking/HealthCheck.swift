import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Trading

/// The one question whose answer must never be greener than what is so: everything that is not the supervisor's own yes is a no.
public enum HealthCheck {
  /// The request's target for a level, of one mode or of all.
  static func target(_ level: HealthLevel, mode: Mode?) -> String {
    "/v1/health?level=\(level.rawValue)" + (mode.map { "&mode=\($0.rawValue)" } ?? "")
  }

  /// Asks the supervisor that serves in `runDirectory`, for at most two seconds. Never fails: a supervisor that does not answer is
  /// a cause by itself.
  public static func ask(
    _ level: HealthLevel, mode: Mode? = nil, runDirectory: String, on loop: any EventLoop
  ) -> EventLoopFuture<HealthReport> {
    let socket = Peer.supervisor.socket(in: runDirectory)
    return LocalHTTPClient.request(
      "GET", target(level, mode: mode), path: socket, on: loop, timeout: SharedRequests.patience
    ).map { report(of: .success($0), socket: socket) }
      .recover { report(of: .failure($0), socket: socket) }
  }

  /// What an answer of the supervisor says, or the want of one.
  static func report(of result: Result<HTTPResponse, any Error>, socket: String) -> HealthReport {
    switch result {
    case .failure(let error): return unanswered(error, socket: socket)
    case .success(let response):
      guard let report = try? JSONDecoder().decode(HealthReport.self, from: Data(response.body)) else {
        return foreign("its answer is no health report (\(response.status))")
      }
      guard report.ok == (response.status == 200), report.ok == report.causes.isEmpty else {
        return foreign(
          "its answer contradicts itself (\(response.status), ok \(report.ok), \(report.causes.count) causes)")
      }
      return report
    }
  }

  /// The report for a supervisor that did not answer.
  static func unanswered(_ error: any Error, socket: String) -> HealthReport {
    let (state, why) =
      switch error as? HTTPFailure {
      case .notServed:
        ("unreachable", "nothing serves \(socket); `ibgw run` has ended, or runs with another IBGW_RUN_DIR")
      case .refused: ("unreachable", "\(socket) admits only its own user and root, or has no place left")
      case .timedOut: ("silent", "\(socket) did not answer within 2 s; the process is stopped or overloaded")
      case .broken, nil: ("broken", "\(socket) broke off in the middle of its answer")
      }
    return HealthReport(causes: [.init(about: "ibgw", state: state, why: why)])
  }

  /// The report for an answer that is of no use.
  static func foreign(_ what: String) -> HealthReport {
    HealthReport(causes: [
      .init(
        about: "ibgw", state: "broken",
        why: "\(what); the supervisor is of another version than this program: use the one that runs as process 1")
    ])
  }
}

extension HealthReport.Cause {
  /// The cause as one line for a person: `paper: wedged: it accepts and says nothing`.
  public var line: String { why.isEmpty ? "\(about): \(state)" : "\(about): \(state): \(why)" }
}
