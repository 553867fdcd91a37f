import FoundationEssentials
import LocalHTTP
import NIOCore
import Splice

/// The control API, JSON over HTTP on the relay's unix socket.
///
/// | request | answer |
/// | --- | --- |
/// | `GET /v1/clients` | a list of ``ClientReport``; takes a quarter of a second, over which the rates are measured |
/// | `POST /v1/clients/ID/kick` | 200, or 404 when there is no such client |
/// | `GET /v1/status` | a ``RelayReport`` |
/// | `POST /v1/routes/NAME/open`, `/closed`, `/automatic` | 200; whether the route listens |
/// | `POST /v1/callers/reread` | 200; the list of callers is read again, and those who are not on it any more are cut |
/// | `PUT /v1/allow` with an ``AllowList`` | 200; clients that are not on it any more are cut |
extension RelayService {
  private static let rateInterval = TimeAmount.milliseconds(250)

  /// Serves the control API on the configured socket, if there is one.
  public func serveAPI() -> EventLoopFuture<Void> {
    guard let path = configuration.socketPath else { return loop.makeSucceededVoidFuture() }
    let bound = NIOLoopBound(self, eventLoop: loop)
    return LocalHTTPServer.start(on: loop, path: path) { request, responder in
      bound.value.answer(request).whenSuccess(responder.respond)
    }.map { _ in }
  }

  /// Answers one request.
  func answer(_ request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
    let path = request.path.split(separator: "/").map(String.init)
    switch (request.method, path.count) {
    case ("GET", 2) where path == ["v1", "clients"]: return clients()
    case ("GET", 2) where path == ["v1", "status"]: return status()
    case ("POST", 4) where path[..<2] == ["v1", "clients"] && path[3] == "kick": return kick(path[2])
    case ("POST", 4) where path[..<2] == ["v1", "routes"]: return order(path[3], path[2])
    case ("POST", 3) where path == ["v1", "callers", "reread"]: return rereadCallerList()
    case ("PUT", 2) where path == ["v1", "allow"]: return allow(request.body)
    default: return say(404, "there is nothing at \(request.method) \(request.path)")
    }
  }

  private func snapshot() -> EventLoopFuture<RelaySnapshot> {
    let promise = loop.makePromise(of: RelaySnapshot.self)
    relay.snapshot { promise.succeed($0) }
    return promise.futureResult
  }

  private func clients() -> EventLoopFuture<HTTPResponse> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let loop = loop
    return snapshot().flatMap { before in
      loop.scheduleTask(in: Self.rateInterval) {}.futureResult.flatMap { bound.value.snapshot() }.map { now in
        let earlier = Dictionary(uniqueKeysWithValues: before.connections.map { ($0.record.id, $0) })
        let reports = now.connections.map { status in
          ClientReport(
            status, route: bound.value.gates[status.record.route].name,
            caller: bound.value.desk?.caller(status.record.id), before: earlier[status.record.id])
        }
        return Self.json(200, reports)
      }
    }
  }

  private func status() -> EventLoopFuture<HTTPResponse> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    return snapshot().map { Self.json(200, bound.value.report($0)) }
  }

  func report(_ snapshot: RelaySnapshot) -> RelayReport {
    let routes = snapshot.routes.enumerated().map { index, counters in
      RelayReport.Route(
        name: gates[index].name, upstream: gates[index].upstream.description,
        listening: listening[index].values.map(\.description).sorted(),
        failures: gates[index].failures.values.map(\.description).sorted(), order: gates[index].order.rawValue,
        gatewayListens: gates[index].isWatched ? gates[index].gatewayListens : nil, counters: counters,
        lostLogLines: logs[index]?.lostLines ?? 0)
    }
    return RelayReport(
      routes: routes, droppedEvents: relay.droppedEvents,
      tailnet: desk.map { TailnetReport($0, routes: gates.map(\.name)) })
  }

  private func kick(_ text: String) -> EventLoopFuture<HTTPResponse> {
    guard let id = UInt64(text) else { return say(400, "'\(text)' is no client's number") }
    let promise = loop.makePromise(of: Bool.self)
    relay.kick(id: id) { promise.succeed($0) }
    return promise.futureResult.map { found in
      found
        ? Self.json(200, RelayAnswer(message: "client \(id) is being disconnected"))
        : Self.json(404, RelayAnswer(message: "there is no client \(id)"))
    }
  }

  private func order(_ word: String, _ name: String) -> EventLoopFuture<HTTPResponse> {
    guard let index = gates.firstIndex(where: { $0.name == name }) else {
      return say(404, "there is no route '\(name)'")
    }
    guard let order = ListenOrder(rawValue: word) else {
      return say(404, "a route is told open, closed or automatic, not '\(word)'")
    }
    self.order(order, route: index)
    return say(200, "\(name) is \(order.rawValue)")
  }

  private func allow(_ body: [UInt8]) -> EventLoopFuture<HTTPResponse> {
    guard let list = try? JSONDecoder().decode(AllowList.self, from: Data(body)) else {
      return say(400, "the body must be {\"allow\": [\"ADDRESS/LENGTH\", ...]}")
    }
    let ranges = list.allow.map { (text: $0, range: AddressRange($0)) }
    if let wrong = ranges.first(where: { $0.range == nil }) {
      return say(400, "'\(wrong.text)' is no address range such as 10.0.0.0/8")
    }
    relay.allow(ranges.compactMap(\.range))
    return say(200, "\(ranges.count) ranges may connect")
  }

  private func rereadCallerList() -> EventLoopFuture<HTTPResponse> {
    guard let desk else { return say(404, "there is no tailnet whose nodes could be told apart") }
    do throws(CallerListError) { try rereadCallers() } catch { return say(400, "\(error)") }
    let count = desk.policy.rules.count
    return say(200, count == 0 ? "everybody may whom the tailnet lets through" : "\(count) entries say who may")
  }

  private func say(_ status: Int, _ message: String) -> EventLoopFuture<HTTPResponse> {
    loop.makeSucceededFuture(Self.json(status, RelayAnswer(message: message)))
  }

  private static func json(_ status: Int, _ value: some Encodable) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      return .text(500, "cannot write the answer as JSON")
    }
    return HTTPResponse(status: status, body: Array(data) + [UInt8(ascii: "\n")])
  }
}
