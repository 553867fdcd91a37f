import FoundationEssentials
import Glibc
import Lifecycle
import LocalHTTP
import NIOCore
import Survival
import Trading

/// The control socket: what `ibgw status`, `start`, `stop`, `restart` and `logs` talk to.
extension Supervisor {
  /// The file name of the control socket in the run directory.
  public static let socketName = "supervisor.sock"

  var controlSocketPath: String { "\(configuration.runDirectory)/\(Self.socketName)" }

  func openControlSocket() -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let inherited = saved.control.flatMap { Descriptors.isSocket($0) ? $0 : nil }
    do {
      let listener = try inherited ?? LocalHTTPServer.listener(at: controlSocketPath)
      if continuity != nil { Descriptors.keep(listener) }
      saved.control = listener
      return LocalHTTPServer.start(on: loop, listener: listener, path: controlSocketPath) { request, responder in
        bound.value.answer(request, responder)
      }.map { bound.value.sockets.append($0.channel) }
    } catch {
      return loop.makeFailedFuture(error)
    }
  }

  var report: StatusReport {
    let now = now
    var report = lifecycle.report(
      version: configuration.version, pid: getpid(), started: started, orphansReaped: orphansReaped,
      crashes: saved.crashes, reloads: saved.reloads, at: now)
    report.nextEvents += configuration.timetable.nextEvents(after: now.wall)
    report.nextEvents.sort { $0.at < $1.at }
    sayOutdated(in: &report)
    return report
  }

  private func answer(_ request: HTTPRequest, _ responder: HTTPResponder) {
    lookAfterOurOwn()
    let parts = request.path.split(separator: "/").map(String.init)
    switch (request.method, parts.count) {
    case ("GET", 2) where parts == ["v1", "status"]: responder.respond(.json(200, report))
    case ("GET", 2) where parts == ["v1", "logs"]: sendLogs(request, responder)
    case ("GET", 2) where parts == ["v1", "health"]: sendHealth(request, responder)
    case ("POST", 2) where parts == ["v1", "observations"]: takeObservation(request, responder)
    case ("POST", 2) where parts == ["v1", "reload"]: executeAnew(responder)
    case ("POST", 2) where parts == ["v1", "tailnet"]: takeTailnet(request, responder)
    case ("POST", 2) where parts == ["v1", "resume"]: resume(nil, responder)
    case ("POST", 4) where parts[0] == "v1" && parts[1] == "gateways" && parts[3] == "resume":
      guard let mode = Mode(rawValue: parts[2]) else { fallthrough }
      resume(mode, responder)
    case ("POST", 4) where parts[0] == "v1" && parts[1] == "services":
      guard let order = Order(rawValue: parts[3]) else { fallthrough }
      carryOut(order, ServiceName(parts[2]), responder)
    default: responder.respond(.json(404, ControlAnswer(ok: false, message: "there is no such request")))
    }
  }

  private func carryOut(_ order: Order, _ name: ServiceName, _ responder: HTTPResponder) {
    switch lifecycle.order(order, name, at: now) {
    case .success(let actions):
      carryOut(actions)
      let state = lifecycle.record(name)?.state.rawValue ?? ""
      responder.respond(.json(200, ControlAnswer(ok: true, message: "\(name): \(state)\(whyNotYet(name))")))
    case .failure(let refusal):
      responder.respond(.json(409, ControlAnswer(ok: false, message: refusal.sentence)))
    }
  }

  /// Why a service that a person wants to run waits all the same; empty where it does not.
  private func whyNotYet(_ name: ServiceName) -> String {
    guard let record = lifecycle.record(name), record.state == .backingOff else { return "" }
    return "; \(record.why)"
  }

  /// A person wants the next login now, of one gateway or of each that waits for it.
  private func resume(_ mode: Mode?, _ responder: HTTPResponder) {
    switch lifecycle.resume(mode, at: now) {
    case .success(let actions):
      carryOut(actions)
      let states = lifecycle.gateways.filter { mode == nil || $0.mode == mode }.map {
        "\($0.mode.rawValue): \($0.state.rawValue)\(whyNotYet(.gateway($0.mode)))"
      }
      responder.respond(.json(200, ControlAnswer(ok: true, message: states.joined(separator: ", "))))
    case .failure(let refusal):
      responder.respond(.json(409, ControlAnswer(ok: false, message: refusal.sentence)))
    }
  }

  private func sendHealth(_ request: HTTPRequest, _ responder: HTTPResponder) {
    let (level, mode) = (request.query["level"] ?? "ready", request.query["mode"])
    guard let level = HealthLevel(rawValue: level), mode == nil || mode.flatMap(Mode.init(rawValue:)) != nil else {
      let message = "cannot tell that health: ask for level=live or ready, and mode=live or paper"
      responder.respond(.json(400, ControlAnswer(ok: false, message: message)))
      return
    }
    var health = lifecycle.health(level, mode: mode.flatMap(Mode.init(rawValue:)))
    if let mode, !lifecycle.gateways.contains(where: { $0.mode.rawValue == mode }) {
      health = HealthReport(causes: [.init(about: mode, state: "absent", why: "TRADING_MODE does not run it")])
    }
    responder.respond(.json(health.ok ? 200 : 503, health))
  }

  private func takeObservation(_ request: HTTPRequest, _ responder: HTTPResponder) {
    guard let report = try? JSONDecoder().decode(ProbeReport.self, from: Data(request.body)) else {
      responder.respond(.json(400, ControlAnswer(ok: false, message: "cannot take the observation: it is no report")))
      return
    }
    responder.respond(.json(200, ControlAnswer(ok: true, message: "taken")))
    tell(.observed(report))
  }

  private func takeTailnet(_ request: HTTPRequest, _ responder: HTTPResponder) {
    guard let report = try? JSONDecoder().decode(TailnetReport.self, from: Data(request.body)) else {
      responder.respond(.json(400, ControlAnswer(ok: false, message: "cannot take the report: it is none")))
      return
    }
    responder.respond(.json(200, ControlAnswer(ok: true, message: "taken")))
    tell(.tailnet(.observed(report)))
  }

  private func sendLogs(_ request: HTTPRequest, _ responder: HTTPResponder) {
    let service = request.query["service"]
    if let service, service != "ibgw", lifecycle.record(ServiceName(service)) == nil {
      let known = (["ibgw"] + lifecycle.plans.map(\.name.text)).joined(separator: ", ")
      let message = "cannot show the log of \(service): there is no such service; there are: \(known)"
      responder.respond(.json(404, ControlAnswer(ok: false, message: message)))
      return
    }
    let past = journal.past(of: service, lines: request.query["lines"].flatMap { Int($0) } ?? Journal.keptLines)
    let bytes = past.flatMap(\.bytes)
    guard request.query["follow"] == "1" else {
      responder.respond(HTTPResponse(status: 200, contentType: "text/plain; charset=utf-8", body: bytes))
      return
    }
    responder.begin(status: 200, contentType: "text/plain; charset=utf-8")
    responder.write(bytes)
    journal.follow { entry in
      guard service == nil || entry.service == service else { return !responder.isClosed }
      return responder.write(entry.bytes)
    }
  }

  // MARK: Signals that ask for something

  /// HUP: what can be rendered again is; what needs a restart to take it in, and can have one without harm, gets it.
  func reload() {
    restoreRunDirectory()
    let reload = configuration.reload()
    journal.mask(also: reload.redaction)
    rereadTailnet()
    for outcome in reload.outcomes {
      say(outcome.severity, "ibgw", outcome.sentence)
      if outcome.rereadsCallers { tellRelayToRereadCallers() }
      guard let name = outcome.restart else { continue }
      switch lifecycle.order(.restart, name, at: now) {
      case .success(let actions): carryOut(actions)
      case .failure(let refusal): say(.warning, "ibgw", refusal.sentence)
      }
    }
  }

  /// USR1: the status, a line for each service.
  func sayStatus() {
    for line in StatusTable.lines(of: report) { say(.info, "ibgw", line) }
  }
}

/// What the control socket answers to an order.
public struct ControlAnswer: Codable, Sendable {
  /// Whether the order was carried out.
  public var ok: Bool
  /// What came of it, or why not, in one sentence.
  public var message: String
}

extension HTTPResponse {
  /// An answer of JSON.
  static func json(_ status: Int, _ value: some Encodable) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return .text(500, "cannot encode the answer") }
    return HTTPResponse(status: status, body: Array(data))
  }
}
