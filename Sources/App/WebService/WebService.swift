import FoundationEssentials
import Lifecycle
import LocalHTTP
import Metrics
import NIOCore
import Trading

/// What is so, over HTTP on `web.sock`, for Caddy to offer to health checks and monitoring. It decides nothing and keeps nothing: each
/// answer is what the supervisor and the others say at that moment.
///
/// | request | answer |
/// | --- | --- |
/// | `GET /health` | 200 and `OK` while the supervisor works, else 503 and a ``HealthReport`` |
/// | `GET /ready`, with `?mode=live` or `paper` for one gateway | 200 and `OK` while every gateway serves, else 503 and a ``HealthReport`` |
/// | `GET /metrics` | 200 and the metrics of docs/metrics.md |
/// | `GET /api/v1/status` | 200 and the supervisor's ``StatusReport`` |
///
/// Each of them is 503 with the cause when the supervisor does not answer within 2 s. Everything else is 404.
///
/// Owned by `loop`, and called there.
public final class WebService {
  /// The name of its socket in the run directory.
  public static let socketName = "web.sock"

  let runDirectory: String
  let region: IBKRRegion
  let loop: any EventLoop
  let requests: SharedRequests
  let bootTime: Double

  /// A service for the processes whose sockets are in `runDirectory`; `region` decides which reset windows the metrics tell of.
  public init(runDirectory: String, region: IBKRRegion = .america, on loop: any EventLoop) {
    self.runDirectory = runDirectory
    self.region = region
    self.loop = loop
    requests = SharedRequests(runDirectory: runDirectory, on: loop)
    bootTime = Self.readBootTime()
  }

  /// Serves on `web.sock`. Fails when that cannot be had.
  public func serve() -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    return LocalHTTPServer.start(on: loop, path: "\(runDirectory)/\(Self.socketName)") { request, responder in
      bound.value.answer(request).whenSuccess(responder.respond)
    }.map { _ in }
  }

  /// Answers one request. Never fails.
  func answer(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
    guard ["/health", "/ready", "/metrics", "/api/v1/status"].contains(request.path) else {
      return loop.makeSucceededFuture(.text(404, "there is nothing at \(request.path)"))
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      return loop.makeSucceededFuture(.text(405, "\(request.path) can only be read: use GET or HEAD"))
    }
    switch request.path {
    case "/health": return health(.live, mode: nil)
    case "/ready": return ready(mode: request.query["mode"])
    case "/metrics": return metrics(Exposition(accepting: request.headers["accept"] ?? ""))
    default: return status()
    }
  }

  private func ready(mode text: String?) -> EventLoopFuture<HTTPResponse> {
    guard let text else { return health(.ready, mode: nil) }
    guard let mode = Mode(rawValue: text) else {
      return loop.makeSucceededFuture(.text(400, "cannot tell whether that is ready: ask for mode=live or mode=paper"))
    }
    return health(.ready, mode: mode)
  }

  private func health(_ level: HealthLevel, mode: Mode?) -> EventLoopFuture<HTTPResponse> {
    report(level, mode: mode).map { $0.ok ? .text(200, "OK") : .unwell($0) }
  }

  func report(_ level: HealthLevel, mode: Mode?) -> EventLoopFuture<HealthReport> {
    let socket = supervisorSocket
    let answer = requests.get(HealthCheck.target(level, mode: mode), from: .supervisor)
    return answer.map { HealthCheck.report(of: .success($0), socket: socket) }
      .recover { HealthCheck.report(of: .failure($0), socket: socket) }
  }

  var supervisorSocket: String { Peer.supervisor.socket(in: runDirectory) }

  private func status() -> EventLoopFuture<HTTPResponse> {
    let socket = supervisorSocket
    return requests.get("/v1/status", from: .supervisor).map { response in
      guard response.status == 200 else {
        return .unwell(HealthCheck.foreign("it answered \(response.status) to a request for its status"))
      }
      return HTTPResponse(status: 200, body: response.body + [UInt8(ascii: "\n")])
    }.recover { .unwell(HealthCheck.unanswered($0, socket: socket)) }
  }
}

extension HTTPResponse {
  /// 503 with the causes.
  static func unwell(_ report: HealthReport) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(report) else { return .text(503, "cannot write the causes as JSON") }
    return HTTPResponse(status: 503, body: Array(data) + [UInt8(ascii: "\n")])
  }
}
