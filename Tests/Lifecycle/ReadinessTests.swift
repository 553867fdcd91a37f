import Testing
import Trading

@testable import Lifecycle

@Suite struct ReadinessTests {
  private let xvfb = ServicePlan.daemon("xvfb", readiness: .whenReported(within: 10_000))

  @Test func `a service without a report of its own is up as soon as it has been started`() {
    var stage = Stage([.daemon("tailscaled")])
    _ = stage.begin()
    #expect(stage.state("tailscaled") == .starting)
    _ = stage.spawned("tailscaled")
    #expect(stage.state("tailscaled") == .running)
    #expect(stage.lifecycle.nextWake == nil)
  }

  @Test func `a service that reports in time is up, and nothing waits for time any more`() {
    var stage = Stage([xvfb])
    _ = stage.begin()
    _ = stage.spawned("xvfb")
    #expect(stage.lifecycle.nextWake == stage.now.uptime + 10_000)
    #expect(stage.wait(9999) == [])
    #expect(stage.say("xvfb", .ready) == [])
    #expect(stage.state("xvfb") == .running)
    #expect(stage.lifecycle.nextWake == nil)
    #expect(stage.lines == ["info xvfb: ready after 9.9 s"])
  }

  @Test func `one that has not reported in time is stopped, and tried again after its end`() {
    var stage = Stage([xvfb])
    _ = stage.begin()
    _ = stage.spawned("xvfb")
    #expect(stage.wait(10_000) == [.terminate("xvfb")])
    #expect(stage.state("xvfb") == .stopping)
    #expect(stage.wait(100) == [])
    #expect(stage.say("xvfb", .ended(.signal(15))) == [])
    #expect(stage.state("xvfb") == .backingOff)
    #expect(stage.why("xvfb") == "did not become ready in time")
    #expect(stage.wait(1200) == [.spawn("xvfb")])
  }

  @Test func `a report that comes before the news of the start counts, and the process is known`() {
    var stage = Stage([xvfb])
    _ = stage.begin()
    _ = stage.say("xvfb", .ready)
    _ = stage.say("xvfb", .spawned(pid: 77))
    #expect(stage.state("xvfb") == .running)
    #expect(stage.lifecycle.record("xvfb")?.pid == 77)
    #expect(stage.lifecycle.nextWake == nil)
  }

  @Test func `a report that comes too late does not call the stop back`() {
    var stage = Stage([xvfb])
    _ = stage.begin()
    _ = stage.spawned("xvfb")
    _ = stage.wait(10_000)
    #expect(stage.say("xvfb", .ready) == [])
    #expect(stage.state("xvfb") == .stopping)
  }

  @Test func `a gateway without a login deadline may take its time`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin()
    _ = stage.spawned(paper)
    #expect(stage.wait(86_400_000) == [])
    #expect(stage.state(paper) == .starting)
  }

  @Test func `a gateway with a login deadline is stopped when it passes, and counts as failed`() {
    var stage = Stage([.gateway(.paper, loginWithin: 300_000)])
    _ = stage.begin()
    _ = stage.spawned(paper)
    _ = stage.say(paper, .javaStarting)
    #expect(stage.wait(299_999) == [])
    #expect(stage.wait(1) == [.killLeader(paper)])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    _ = stage.say(paper, .ended(.code(143)))
    #expect(stage.state(paper) == .backingOff)
    #expect(stage.persisted[.paper]?.charges.map(\.why) == ["no login was completed within 5 min"])
  }

  @Test func `a gateway whose java starts anew has its login deadline anew`() {
    var stage = Stage([.gateway(.paper, loginWithin: 300_000)])
    stage.everythingUp()
    _ = stage.wait(86_400_000)
    _ = stage.say(paper, .javaEnded(0))
    #expect(stage.state(paper) == .starting)
    #expect(stage.wait(299_999) == [])
    #expect(stage.wait(1) == [.killLeader(paper)])
  }

  @Test func `the time to be ready again is counted from java's restart, not from the start of its script`() {
    var stage = Stage([.gateway(.paper)])
    stage.everythingUp()
    _ = stage.wait(86_400_000)
    _ = stage.say(paper, .javaEnded(0))
    _ = stage.wait(40_000)
    _ = stage.say(paper, .loginCompleted)
    #expect(stage.state(paper) == .running)
    #expect(stage.lines.last == "info ibc-paper: logged in after 40 s")
  }
}
