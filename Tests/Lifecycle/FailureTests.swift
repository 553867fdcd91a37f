import Testing
import Trading

@testable import Lifecycle

@Suite struct FailureTests {
  /// How long each of `count` failures in a row is waited out, in milliseconds.
  private func waits(_ name: ServiceName, _ stage: inout Stage, count: Int, _ exit: Exit = .code(1)) -> [Int64] {
    (0..<count).map { _ in
      _ = stage.say(name, .ended(exit))
      let wait = (stage.lifecycle.nextWake ?? stage.now.uptime) - stage.now.uptime
      _ = stage.wait(wait) + stage.spawned(name)
      return wait
    }
  }

  @Test func `a service that ends by itself is started again, after a wait that doubles up to its maximum`() {
    var stage = Stage([.daemon("caddy", limit: 10)])
    stage.everythingUp()
    let waits = waits("caddy", &stage, count: 6)
    for (wait, exact) in zip(waits, [1000, 2000, 4000, 8000, 8000, 8000] as [Int64]) {
      #expect(wait >= exact && wait <= min(8000, exact * 6 / 5))
    }
    #expect(stage.lifecycle.record("caddy")?.restarts == 6)
  }

  @Test func `the end and the wait stand in the log and in the status`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    _ = stage.wait(3000)
    _ = stage.say("caddy", .ended(.signal(9)))
    #expect(stage.why("caddy") == "ended after 3 s: signal 9 (KILL)")
    #expect(stage.lifecycle.record("caddy")?.lastEnd == "signal 9 (KILL)")
    #expect(stage.lines.last?.hasPrefix("warning caddy: ended after 3 s: signal 9 (KILL); started again in 1") == true)
  }

  @Test func `one failure more than the limit makes a service degraded, and it is tried again every ten minutes`() {
    var stage = Stage([.daemon("caddy", limit: 3)])
    stage.everythingUp()
    _ = waits("caddy", &stage, count: 3)
    #expect(stage.say("caddy", .ended(.code(1))) == [])
    #expect(stage.state("caddy") == .degraded)
    #expect(stage.why("caddy") == "ended after 0 ms: exit code 1, 4 times in a row")
    #expect(
      stage.lines.last
        == "error caddy: ended after 0 ms: exit code 1, 4 times in a row; tried again every 10 min, "
        + "or at once by: ibgw start caddy")
    #expect(stage.wait(599_999) == [])
    #expect(stage.wait(1) == [.spawn("caddy")])
    _ = stage.spawned("caddy") + stage.say("caddy", .ended(.code(1)))
    #expect(stage.state("caddy") == .degraded)
    #expect(stage.wait(600_000) == [.spawn("caddy")])
  }

  @Test func `one failure more than the limit holds a gateway, and time alone never starts it again`() {
    var stage = Stage([.gateway(.paper, limit: 2)])
    stage.everythingUp()
    _ = stage.say(paper, .ended(.signal(9))) + stage.wait(36_000) + stage.spawned(paper)
    _ = waits(paper, &stage, count: 2, .signal(11))
    #expect(stage.say(paper, .ended(.signal(11))) == [])
    #expect(stage.state(paper) == .held)
    #expect(stage.wait(7 * 86_400_000) == [])
    #expect(
      stage.lines.last
        == "error ibc-paper: held: ended by signal 11 (SEGV), 3 times in a row; mend it, then: ibgw start ibc-paper")
  }

  @Test func `failures are forgotten once the service has been up for the time of its plan`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    let first = waits("caddy", &stage, count: 3)
    _ = stage.wait(60_000)
    let second = waits("caddy", &stage, count: 1)
    #expect(second[0] < first[2])
    #expect(second[0] <= 1200)
  }

  @Test func `failures are not forgotten one millisecond before`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    let first = waits("caddy", &stage, count: 2)
    _ = stage.wait(59_999)
    #expect(waits("caddy", &stage, count: 1)[0] >= first[1])
  }

  @Test func `the time before a service was up does not count as stable`() {
    var stage = Stage([.daemon("xvfb", readiness: .whenReported(within: nil))])
    stage.everythingUp()
    let first = waits("xvfb", &stage, count: 2)
    _ = stage.wait(3_600_000)
    #expect(waits("xvfb", &stage, count: 1)[0] >= first[1])
  }

  @Test func `a gateway's stable time ends with its java, not with its script`() {
    var stage = Stage([.gateway(.paper)])
    stage.everythingUp()
    _ = waits(paper, &stage, count: 1, .code(87))
    _ = stage.say(paper, .ready) + stage.say(paper, .javaEnded(0))
    _ = stage.wait(7_200_000)
    #expect(waits(paper, &stage, count: 1, .code(87))[0] >= 20_000)
  }

  @Test func `an ordered restart after a stable time does not bring old failures back`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    _ = waits("caddy", &stage, count: 3)
    _ = stage.wait(86_400_000)
    _ = try stage.order(.restart, "caddy")
    _ = stage.say("caddy", .ended(.signal(15)))
    _ = stage.spawned("caddy")
    #expect(waits("caddy", &stage, count: 1)[0] <= 1200)
  }

  @Test func `a first wait of zero starts the service again within the same event`() {
    var plan = ServicePlan.daemon("relay")
    plan.backOff = BackOff(initial: 0, maximum: 5000, resetAfter: 60_000)
    var stage = Stage([plan])
    stage.everythingUp()
    #expect(stage.say("relay", .ended(.code(1))) == [.spawn("relay")])
    _ = stage.spawned("relay")
    #expect(stage.say("relay", .ended(.code(1))) == [])
    #expect(stage.wait(120) == [.spawn("relay")])
  }

  @Test func `a program that is missing is said once, makes the service degraded and is tried again later`() {
    var stage = Stage([.daemon("x11vnc")])
    _ = stage.begin()
    #expect(stage.say("x11vnc", .spawnFailed(why: "cannot start x11vnc: it is not installed", missing: true)) == [])
    #expect(stage.state("x11vnc") == .degraded)
    #expect(
      stage.lines == [
        "error x11vnc: cannot start x11vnc: it is not installed; tried again every 10 min, "
          + "or at once by: ibgw start x11vnc"
      ])
    #expect(stage.wait(600_000) == [.spawn("x11vnc")])
  }

  @Test func `a start that failed for want of something is tried again with back-off`() {
    var stage = Stage([.daemon("caddy")])
    _ = stage.begin()
    #expect(stage.say("caddy", .spawnFailed(why: "cannot start caddy: no memory", missing: false)) == [])
    #expect(stage.state("caddy") == .backingOff)
    #expect(stage.wait(1200) == [.spawn("caddy")])
  }

  @Test func `a gateway whose ibcstart.sh is missing is held`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin()
    _ = stage.say(paper, .spawnFailed(why: "cannot start ibc-paper: no such file", missing: true))
    #expect(stage.state(paper) == .held)
    #expect(stage.wait(86_400_000) == [])
  }
}
