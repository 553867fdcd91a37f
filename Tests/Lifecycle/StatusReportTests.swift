import FoundationEssentials
import Lifecycle
import Testing
import Trading

@Suite struct StatusReportTests {
  @Test func `the report says of each service where it stands, since when and why`() throws {
    var stage = Stage([
      .daemon("caddy"), .daemon("xvfb", readiness: .whenReported(within: 9000)),
      .gateway(.paper, after: [.ready("xvfb")]),
    ])
    let started = stage.now
    _ = stage.begin() + stage.spawned("caddy") + stage.spawned("xvfb")
    _ = stage.wait(5000)
    _ = stage.say("caddy", .ended(.code(1))) + stage.wait(300)
    let report = stage.lifecycle.report(version: "1.2.3", pid: 1, started: started, orphansReaped: 7, at: stage.now)
    #expect(report.phase == "running")
    #expect(report.uptime == 5300)
    #expect(report.started == started.wall)
    #expect(report.orphansReaped == 7)
    let caddy = try #require(report.services.first)
    #expect(caddy.name == "caddy")
    #expect(caddy.state == "backingOff")
    #expect(caddy.since == started.wall + 5000)
    #expect(caddy.duration == 300)
    #expect(caddy.why == "ended after 5 s: exit code 1")
    #expect(caddy.lastEnd == "exit code 1")
    #expect(caddy.pid == nil)
    #expect((500...900).contains(caddy.nextTry ?? 0))
    #expect(report.services[1].pid == 102)
    #expect(report.services[1].nextTry == nil)
    #expect(report.services[2].state == "waiting")
    #expect(report.services[2].why == "waits for xvfb")
  }

  @Test func `the phase is said in one word`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(stage.report().phase == "running")
    _ = stage.term()
    #expect(stage.report().phase == "stopping")
    _ = stage.say("caddy", .ended(.code(0)))
    #expect(stage.report().phase == "ended")
  }

  @Test func `all that is missing is said`() {
    var stage = Stage([
      .task("scripts"), .daemon("xvfb", after: [.finished("scripts")]), .gateway(.live, after: [.ready("xvfb")]),
      .gateway(.paper, after: [.ready("xvfb"), .finished("scripts"), .started(live), .settled(live, within: 15_000)]),
    ])
    _ = stage.begin()
    #expect(
      stage.report().services.last?.why
        == "waits for xvfb, waits for the end of scripts, waits for the start of ibc-live, lets ibc-live log in first")
  }

  @Test func `a report survives JSON`() throws {
    var stage = Stage(imagePlans([.live, .paper]))
    stage.everythingUp()
    _ = stage.say("caddy", .ended(.signal(11)))
    let report = stage.report()
    let read = try JSONDecoder().decode(StatusReport.self, from: try JSONEncoder().encode(report))
    #expect(read == report)
  }
}
