import FoundationEssentials
import GatewayProbe
import LocalHTTP
import NIOCore
import Trading

/// The probe's API, JSON over HTTP on its unix socket. `MODE` is `live` or `paper`.
///
/// | request | answer |
/// | --- | --- |
/// | `GET /v1/status` | a list of `WatchStatus`, one for each gateway |
/// | `POST /v1/gateways/MODE/check` | a `CheckReport`, once a fresh handshake has been tried; 200 also where it failed |
/// | `POST /v1/gateways/MODE/suspend`, `/resume` | 200; between the two nothing is asked, for a restart that is known |
/// | `POST /v1/gateways/MODE/traffic` | 200; relayed bytes have shown that connected clients are served |
/// | `POST /v1/gateways/MODE/command?name=NAME` | a ``ProbeAnswer`` with IBC's answer: 200 for `OK`, 502 for an error or none, 504 after the time |
extension ProbeService {
  /// Serves the API on the configured socket, if there is one.
  public func serveAPI() -> EventLoopFuture<Void> {
    guard let path = configuration.socketPath else { return loop.makeSucceededVoidFuture() }
    let bound = NIOLoopBound(self, eventLoop: loop)
    return LocalHTTPServer.start(on: loop, path: path) { request, responder in
      bound.value.answer(request).whenSuccess(responder.respond)
    }.map { _ in }
  }

  func answer(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
    let path = request.path.split(separator: "/").map(String.init)
    if request.method == "GET" && path == ["v1", "status"] {
      return loop.makeSucceededFuture(Self.json(200, observers.map(\.status)))
    }
    if path.count <= 3, path.prefix(2) == ["v1", "tailnet"] {
      return answerTailnet(request, path.count == 3 ? path[2] : nil)
    }
    guard request.method == "POST", path.count == 4, path[..<2] == ["v1", "gateways"] else {
      return say(404, "there is nothing at \(request.method) \(request.path)")
    }
    guard let observer = Mode(rawValue: path[2]).flatMap(observer) else {
      return say(404, "no gateway '\(path[2])' is observed")
    }
    switch path[3] {
    case "check": return check(observer)
    case "command": return command(request.query["name"] ?? "", observer)
    case "suspend": return tell(observer, .suspended, "\(path[2]) is asked nothing until it is resumed")
    case "resume": return tell(observer, .resumed, "\(path[2]) is observed")
    case "traffic": return tell(observer, .trafficSeen, "noted")
    default: return say(404, "a gateway takes check, command, suspend, resume or traffic, not '\(path[3])'")
    }
  }

  private func check(_ observer: GatewayObserver) -> EventLoopFuture<HTTPResponse> {
    let promise = loop.makePromise(of: HTTPResponse.self)
    observer.check { promise.succeed(Self.json(200, $0)) }
    return promise.futureResult
  }

  private func tell(
    _ observer: GatewayObserver, _ event: GatewayWatch.Event, _ message: String
  ) -> EventLoopFuture<HTTPResponse> {
    observer.handle(event)
    return say(200, message)
  }

  private func command(_ name: String, _ observer: GatewayObserver) -> EventLoopFuture<HTTPResponse> {
    guard let command = CommandServerCommand(rawValue: name) else {
      let known = CommandServerCommand.allCases.map(\.rawValue).joined(separator: ", ")
      return say(400, "IBC is given no command '\(name)'; there are: \(known)")
    }
    let mode = observer.gateway.mode.rawValue
    guard let server = observer.gateway.commandServer else {
      return say(409, "cannot give \(name) to \(mode)'s IBC: it has no command server; set IBC's CommandServerPort")
    }
    return CommandServerClient.give(command, to: server, on: loop).map { answer in
      answer.hasPrefix("OK")
        ? Self.json(200, ProbeAnswer(ok: true, message: answer))
        : Self.json(502, ProbeAnswer(ok: false, message: "\(mode)'s IBC refuses \(name): \(answer)"))
    }.flatMapErrorThrowing { error in
      let why = Self.sentence(error, server: server.description)
      let isLate = error as? CommandServerClient.Failure == .timedOut
      let message = "cannot give \(name) to \(mode)'s IBC: \(why)"
      return Self.json(isLate ? 504 : 502, ProbeAnswer(ok: false, message: message))
    }
  }

  private static func sentence(_ error: any Error, server: String) -> String {
    switch error as? CommandServerClient.Failure {
    case .unreachable(let reason): "\(server): \(reason); is its command server on, and the gateway up?"
    case .unanswered: "it ended the connection without an answer; its log may say why"
    case .timedOut: "it did not answer in time; the command may still be carried out"
    case nil: "\(error)"
    }
  }

  func say(_ status: Int, _ message: String) -> EventLoopFuture<HTTPResponse> {
    loop.makeSucceededFuture(Self.json(status, ProbeAnswer(ok: status == 200, message: message)))
  }

  static func json(_ status: Int, _ value: some Encodable) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return .text(500, "cannot write the answer as JSON") }
    return HTTPResponse(status: status, body: Array(data) + [UInt8(ascii: "\n")])
  }
}

/// The body of every answer that is no report.
public struct ProbeAnswer: Codable, Sendable, Equatable {
  /// Whether what was asked for was done.
  public var ok: Bool
  /// What came of it, or why not, in one sentence.
  public var message: String
}
