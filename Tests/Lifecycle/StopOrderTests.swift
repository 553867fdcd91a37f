import Testing
import Trading

@testable import Lifecycle

@Suite struct StopOrderTests {
  @Test func `services end rank by rank, each rank only once the one before has ended, Xvfb last`() {
    var stage = Stage(imagePlans([.live, .paper]))
    stage.everythingUp()
    #expect(stage.term() == [.terminate("relay")])
    #expect(stage.say("relay", .ended(.code(0))) == [.ask(live), .ask(paper)])
    #expect(stage.say(live, .ended(.code(0))) == [])
    #expect(stage.say(paper, .ended(.code(0))) == [.terminate("x11vnc")])
    #expect(stage.say("x11vnc", .ended(.code(0))) == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [.terminate("tailscaled")])
    #expect(stage.say("tailscaled", .ended(.code(0))) == [.terminate("xvfb")])
    #expect(stage.say("xvfb", .ended(.code(0))) == [.exit(0)])
    #expect(stage.lifecycle.phase == .ended(code: 0))
    #expect(stage.lifecycle.nextWake == nil)
  }

  @Test func `a stop before the first start leaves at once`() {
    var stage = Stage(imagePlans([.paper]))
    #expect(stage.term() == [.exit(0)])
    #expect(stage.begin() == [])
  }

  @Test func `nothing is started once the stop has begun`() {
    var stage = Stage(imagePlans([.paper]))
    _ = stage.begin() + stage.spawned("start-scripts") + stage.spawned("relay") + stage.spawned("caddy")
    _ = stage.spawned("tailscaled")
    #expect(stage.term() == [.terminate("start-scripts"), .terminate("relay")])
    #expect(stage.say("start-scripts", .ended(.code(0))) == [])
    #expect(stage.say("relay", .ended(.code(0))) == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(1))) == [.terminate("tailscaled")])
    #expect(stage.say("tailscaled", .ended(.code(0))) == [.exit(0)])
    #expect(stage.wait(86_400_000) == [])
  }

  @Test func `what fails on its own in the stop is not started again, and its end is said`() {
    var stage = Stage([.daemon("relay", rank: 0), .daemon("caddy", rank: 3), .gateway(.paper)])
    stage.everythingUp()
    _ = stage.term()
    #expect(stage.say("caddy", .ended(.code(2))) == [])
    #expect(stage.state("caddy") == .stopped)
    #expect(stage.lines.last == "warning caddy: ended after 0 ms: exit code 2; not started again in the stop")
    #expect(stage.say(paper, .ended(.code(85))) == [])
    #expect(stage.state(paper) == .stopped)
    #expect(stage.say("relay", .ended(.code(0))) == [.exit(0)])
  }

  @Test func `a start that is answered in the stop leads to an end`() {
    var stage = Stage([.daemon("relay", rank: 0), .daemon("caddy", rank: 3), .daemon("xvfb", rank: 5)])
    _ = stage.begin() + stage.spawned("relay")
    #expect(stage.term() == [.terminate("relay")])
    #expect(stage.spawned("caddy") == [])
    #expect(stage.say("xvfb", .spawnFailed(why: "cannot start xvfb: it is not installed", missing: true)) == [])
    #expect(stage.state("xvfb") == .stopped)
    #expect(stage.say("relay", .ended(.code(0))) == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [.exit(0)])
  }

  @Test func `a service that is not up yet is ended at its rank, not at its own deadline`() {
    let slow = Readiness.whenReported(within: 1000)
    var stage = Stage([
      .gateway(.paper), .daemon("xvfb", readiness: slow, rank: 5), .daemon("caddy", readiness: slow, rank: 3),
    ])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.spawned("xvfb")
    #expect(stage.term() == [.ask(paper)])
    _ = stage.spawned("caddy")
    #expect(stage.wait(5000) == [])
    #expect(stage.say(paper, .ended(.code(0))) == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [.terminate("xvfb")])
  }

  @Test func `what is being stopped already is not told again`() throws {
    var stage = Stage([.gateway(.paper)])
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    #expect(try stage.order(.restart, paper) == [.ask(paper)])
    #expect(stage.term() == [])
    #expect(stage.say(paper, .ended(.code(0))) == [.exit(0)])
    #expect(stage.why(paper) == "the supervisor stops")
  }

  @Test func `a held gateway keeps its reason, and so does what was stopped before`() throws {
    var stage = Stage([.gateway(.live), .gateway(.paper), .daemon("caddy"), .daemon("relay")])
    stage.everythingUp()
    _ = stage.say(live, .ended(.code(85)))
    _ = try stage.order(.stop, "caddy") + stage.say("caddy", .ended(.code(0)))
    _ = stage.say("relay", .ended(.code(1)))
    _ = stage.term()
    #expect(stage.state(live) == .held)
    #expect(stage.why(live)?.hasPrefix("jts.ini cannot be written") == true)
    #expect(stage.why("caddy") == "stopped by order")
    #expect(stage.why("relay") == "the supervisor stops")
  }

  @Test func `the display outlives a gateway even where the ranks say otherwise`() {
    var stage = Stage([.daemon("xvfb", rank: 0), .gateway(.paper, after: [.ready("xvfb")])])
    stage.everythingUp()
    #expect(stage.term() == [.ask(paper)])
    #expect(stage.say(paper, .ended(.code(0))) == [.terminate("xvfb")])
  }

  @Test func `a service that the kernel keeps does not keep the gateway from its orderly end`() {
    var stage = Stage([.daemon("relay", rank: 0), .gateway(.paper), .daemon("xvfb", rank: 5)])
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    #expect(stage.term() == [.terminate("relay")])
    #expect(stage.wait(3000) == [.kill("relay")])
    #expect(stage.wait(1000) == [.ask(paper)])
    #expect(stage.lines.last == "error relay: cannot be killed: it hangs in the kernel; its end is awaited")
    #expect(stage.say(paper, .ended(.code(0))) == [.terminate("xvfb")])
    #expect(stage.say("xvfb", .ended(.code(0))) == [])
    #expect(stage.say("relay", .ended(.signal(9))) == [.exit(0)])
  }

  @Test func `a gateway that the kernel keeps keeps its display, and nothing else`() {
    var stage = Stage(
      [.gateway(.paper, after: [.ready("xvfb")]), .daemon("caddy", rank: 3), .daemon("xvfb", rank: 5)],
      stopTimeout: 60_000)
    stage.everythingUp()
    #expect(stage.term() == [.ask(paper)])
    #expect(stage.wait(32_000) == [.killLeader(paper), .kill(paper), .terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [])
    #expect(stage.wait(27_999) == [])
    #expect(stage.wait(1) == [.kill(paper), .kill("xvfb")])
  }
}
