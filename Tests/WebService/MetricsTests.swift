import Files
import FoundationEssentials
import Glibc
import Lifecycle
import LocalHTTP
import Metrics
import NIOCore
import NIOPosix
import ProbeService
import Processes
import RelayService
import Splice
import Testing

@testable import WebService

/// What a supervisor says whose two gateways are at their start.
private func statusReport() -> StatusReport {
  let now = Moment(uptime: 5000, wall: 1_763_712_345_678)
  let plans = [
    ServicePlan(name: "relay", stopRank: 0), ServicePlan(name: .gateway(.live), kind: .gateway(.live), stopRank: 1),
    ServicePlan(name: .gateway(.paper), kind: .gateway(.paper), stopRank: 1),
  ]
  var lifecycle = Lifecycle(
    plans: plans,
    tailnet: TailnetPolicy(isOurs: false, hasKey: false, stateFile: "/state", protection: "open: nothing does"),
    stopTimeout: 45_000,
    seed: 1,
    at: now)
  var node = TailnetReport()
  (node.isReachable, node.backend, node.addresses, node.peers) = (true, "Running", ["100.64.0.1"], 6)
  (node.keyExpiry, node.isOnline, node.health) = (1_800_000_000_000, true, ["something", "else"])
  _ = lifecycle.handle(.tailnet(.observed(node)), at: now)
  var report = lifecycle.report(version: "9.8.7", pid: getpid(), started: now, orphansReaped: 2, at: now)
  report.gateways[0].state = "wedged"
  report.gateways[0].observation = "silent"
  report.gateways[0].logins.attempts = 3
  report.gateways[0].logins.completed = 2
  report.gateways[0].logins.failed = 1
  report.gateways[0].budget.inHour = 2
  return report
}

private func json(_ value: some Encodable) throws -> String {
  String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
}

extension Site {
  /// Serves a supervisor with this status.
  fileprivate func serveSupervisor(_ status: StatusReport) throws {
    let status = try json(status)
    try serve(.supervisor) { request, responder in
      let isHealth = request.path == "/v1/health"
      let body = isHealth ? #"{"ok":false,"causes":[{"about":"live","state":"wedged","why":""}]}"# : status
      responder.respond(HTTPResponse(status: isHealth ? 503 : 200, body: Array(body.utf8)))
    }
  }

  /// Runs a real relay with one route to nowhere, and a real probe of a gateway that only listens, until `body` has ended.
  fileprivate func withRelayAndProbe<Value: Sendable>(_ body: () throws -> Value) throws -> Value {
    let (loop, path) = (loop, directory.path)
    let gateway = try ServerBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).wait()
    let port = UInt16(gateway.localAddress?.port ?? 0)
    let stop = try loop.flatSubmit { () -> EventLoopFuture<@Sendable () -> EventLoopFuture<Void>> in
      var routes = RelayServiceConfiguration(routes: [
        .init(name: "live", listen: [Endpoint("127.0.0.1:0")!], upstream: Endpoint("127.0.0.1:1")!)
      ])
      routes.socketPath = "\(path)/relay.sock"
      routes.tailnet = .init(
        socket: "\(path)/none.sock", usesKernel: false, isGuarded: true, callersFile: nil, admitsLocal: true)
      routes.drainTime = 0.2
      var gateways = ProbeServiceConfiguration(gateways: [.init(mode: .live, api: Endpoint("127.0.0.1:\(port)")!)])
      gateways.socketPath = "\(path)/probe.sock"
      do {
        let relay = NIOLoopBound(try RelayService(routes, on: loop), eventLoop: loop)
        let probe = NIOLoopBound(ProbeService(gateways, on: loop) { _, _ in }, eventLoop: loop)
        relay.value.run()
        probe.value.run()
        return relay.value.serveAPI().and(probe.value.serveAPI()).map { _ in
          {
            relay.value.stop()
            return relay.value.whenStopped.and(probe.value.stop()).map { _ in }
          }
        }
      } catch { return loop.makeFailedFuture(error) }
    }.wait()
    let result = Result { try body() }
    try loop.flatSubmit { stop() }.wait()
    try gateway.close().wait()
    return try result.get()
  }
}

/// The lines of one metric.
private func lines(of name: String, in text: String) -> [String] {
  text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name){") }
}

@Suite struct MetricsTests {
  private static let openMetrics = ["accept": "application/openmetrics-text;version=1.0.0"]

  @Test func `with every process there, every metric of the catalogue is there, and no other`() throws {
    let site = try Site()
    try site.serveSupervisor(statusReport())
    let answer = try site.withRelayAndProbe { try site.ask("/metrics", headers: Self.openMetrics) }
    #expect(answer.status == 200)
    #expect(answer.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    let types = answer.body.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
    // There is no client here that could be known.
    let known = Catalogue.groups.flatMap(\.metrics).filter { $0 != RelayMetrics.callers }
      .map { "# TYPE \($0.name) \($0.type.rawValue)" }
    #expect(types.map(String.init) == known)
    #expect(answer.body.hasSuffix("# EOF\n"))
  }

  @Test func `the metrics say what the processes say`() throws {
    let site = try Site()
    try site.serveSupervisor(statusReport())
    let text = try site.withRelayAndProbe { try site.ask("/metrics").body }
    #expect(lines(of: "ibgw_build_info", in: text) == [#"ibgw_build_info{version="9.8.7"} 1"#])
    #expect(lines(of: "ibgw_ready", in: text) == ["ibgw_ready 0"])
    #expect(lines(of: "ibgw_orphans_reaped_total", in: text) == ["ibgw_orphans_reaped_total 2"])
    #expect(lines(of: "ibgw_tailnet_state", in: text).contains(#"ibgw_tailnet_state{ibgw_tailnet_state="running"} 1"#))
    #expect(lines(of: "ibgw_tailnet_peers", in: text) == ["ibgw_tailnet_peers 6"])
    #expect(lines(of: "ibgw_tailnet_guard", in: text).contains(#"ibgw_tailnet_guard{ibgw_tailnet_guard="open"} 1"#))
    #expect(
      lines(of: "ibgw_relay_callers_asked_total", in: text)
        == ["local", "peer", "unknown"].map { "ibgw_relay_callers_asked_total{result=\"\($0)\"} 0" })
    #expect(lines(of: "ibgw_tailnet_health_problems", in: text) == ["ibgw_tailnet_health_problems 2"])
    #expect(
      lines(of: "ibgw_supervisor_start_time_seconds", in: text) == ["ibgw_supervisor_start_time_seconds 1763712345.678"]
    )
    let states = lines(of: "ibgw_gateway_state", in: text)
    #expect(states.count == 2 * GatewayState.allCases.count)
    #expect(
      states.filter { $0.hasSuffix(" 1") } == [
        #"ibgw_gateway_state{mode="live",ibgw_gateway_state="wedged"} 1"#,
        #"ibgw_gateway_state{mode="paper",ibgw_gateway_state="starting"} 1"#,
      ])
    #expect(
      lines(of: "ibgw_gateway_observation", in: text).filter { $0.hasSuffix(" 1") } == [
        #"ibgw_gateway_observation{mode="live",ibgw_gateway_observation="silent"} 1"#
      ])
    #expect(
      lines(of: "ibgw_gateway_login_attempts_total", in: text) == [
        #"ibgw_gateway_login_attempts_total{mode="live"} 3"#, #"ibgw_gateway_login_attempts_total{mode="paper"} 0"#,
      ])
    #expect(
      lines(of: "ibgw_gateway_wasted_logins", in: text).first
        == #"ibgw_gateway_wasted_logins{mode="live",window="hour"} 2"#)
    #expect(lines(of: "ibgw_gateway_logins_failed_total", in: text).first?.hasSuffix(" 1") == true)
    #expect(
      lines(of: "ibgw_relay_connections_refused_total", in: text).count == Refusal.allCases.count)
    #expect(lines(of: "ibgw_scrape_ok", in: text).allSatisfy { $0.hasSuffix(" 1") })
    #expect(lines(of: "ibgw_probe_suspended", in: text) == [#"ibgw_probe_suspended{mode="live"} 0"#])
    #expect(lines(of: "ibgw_process_resident_memory_bytes", in: text).first?.contains(#"process="supervisor""#) == true)
  }

  @Test(arguments: [nil, "{}", "nonsense"])
  func `without the relay and the probe their metrics are missing, and the scrape says so`(answering: String?) throws {
    let site = try Site()
    try site.serveSupervisor(statusReport())
    for peer in [Peer.relay, .probe] {
      if let answering { try site.serve(peer, answering: 200, answering) }
    }
    let answer = try site.ask("/metrics")
    #expect(answer.status == 200)
    for peer in ["relay", "probe"] {
      #expect(!answer.body.contains("ibgw_\(peer)_"))
      #expect(answer.body.contains("ibgw_scrape_ok{source=\"\(peer)\"} 0"))
    }
    #expect(answer.body.contains(#"ibgw_scrape_ok{source="supervisor"} 1"#))
  }

  @Test func `a status that cannot be read is 503`() throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, "{}")
    #expect(try site.ask("/metrics").status == 503)
  }

  @Test func `the document of the metrics is that of the program`() throws {
    let root = FileSystem.directory(of: FileSystem.directory(of: FileSystem.directory(of: "\(#filePath)")))
    let path = "\(root)/docs/metrics.md"
    let text = try FileSystem.readText(path)
    let mark = "<!-- From here on the text is the program's own; UPDATE_GOLDEN=1 swift test writes it anew. -->\n"
    let parts = try #require(text.firstRange(of: mark))
    if getenv("UPDATE_GOLDEN") != nil {
      let updated = text[..<parts.upperBound] + "\n" + Catalogue.markdown()
      try FileSystem.write(Array(updated.utf8), to: path, mode: 0o644)
    } else {
      #expect(text[parts.upperBound...] == "\n" + Catalogue.markdown())
    }
  }

  @Test func `no two metrics share a name, and each says what it means in one line`() {
    let metrics = Catalogue.groups.flatMap(\.metrics)
    #expect(Set(metrics.map(\.name)).count == metrics.count)
    for metric in metrics {
      #expect(metric.name.hasPrefix("ibgw_"))
      #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n") && !metric.help.contains("|"))
    }
  }
}

@Suite struct UsageTests {
  private func entry(_ line: String) throws -> ProcessEntry { try #require(ProcessEntry(stat: line.utf8)) }

  @Test func `a service is everything in its session, and the supervisor is itself alone`() throws {
    var status = statusReport()
    status.pid = 1
    status.services[0].pid = 7
    status.services[1].pid = 9
    let table = [
      try entry("1 (ibgw) S 0 1 1 0 -1 0 0 0 0 0 100 50 9000 9000 20 0 1 0 5 0 10"),
      try entry("7 (relay) S 1 7 7 0 -1 0 0 0 0 0 10 20 0 0 20 0 1 0 200 0 20"),
      try entry("8 (helper) S 7 7 7 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 300 0 40"),
      try entry("99 (other) S 0 1 99 0 -1 0 0 0 0 0 9 9 9 9 20 0 1 0 300 0 40"),
    ]
    let usages = Snapshot.usages(of: status, in: table, bootTime: 1000)
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    #expect(usages.map(\.process) == ["supervisor", "relay"])
    #expect(usages.map(\.usage.cpuSeconds) == [150 / ticks, 40 / ticks])
    #expect(usages.map(\.usage.residentBytes) == [10 * page, 60 * page])
    #expect(usages.map(\.usage.startTime) == [1000 + 5 / ticks, 1000 + 200 / ticks])
  }
}
