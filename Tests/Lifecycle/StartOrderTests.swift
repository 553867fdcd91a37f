import Lifecycle
import Testing
import Trading

@Suite struct StartOrderTests {
  @Test func `what depends on nothing is started together, in the order of the plans`() {
    var stage = Stage(imagePlans([.paper]))
    #expect(
      stage.begin() == [.spawn("start-scripts"), .spawn("tailscaled"), .spawn("caddy"), .spawn("relay")])
    #expect(stage.state("xvfb") == .waiting)
  }

  @Test func `each service is started by the event that fulfils its last dependency`() {
    var stage = Stage(imagePlans([.paper]))
    _ = stage.begin()
    #expect(stage.spawned("start-scripts") == [])
    #expect(stage.say("start-scripts", .ended(.code(0))) == [.spawn("xvfb")])
    #expect(stage.spawned("xvfb") == [])
    #expect(stage.say("xvfb", .ready) == [.spawn("x11vnc"), .spawn("x-scripts")])
    #expect(stage.spawned("x11vnc") == [])
    #expect(stage.spawned("x-scripts") == [])
    #expect(stage.say("x-scripts", .ended(.code(0))) == [.spawn(paper)])
    #expect(stage.spawned(paper) == [.spawn("ibc-scripts-paper")])
  }

  @Test func `the gateway waits neither for Tailscale nor for Caddy`() {
    var stage = Stage(imagePlans([.paper]))
    _ = stage.begin()
    _ = stage.say("tailscaled", .spawnFailed(why: "no such file", missing: true))
    _ = stage.say("caddy", .spawnFailed(why: "no such file", missing: true))
    _ = stage.spawned("start-scripts") + stage.say("start-scripts", .ended(.code(0)))
    _ = stage.up("xvfb") + stage.spawned("x-scripts")
    #expect(stage.say("x-scripts", .ended(.code(0))) == [.spawn(paper)])
  }

  @Test func `a dependency on a service that is not in the plans holds`() {
    var stage = Stage([
      .daemon("x11vnc", after: [.ready("xvfb"), .finished("scripts"), .started("ibc"), .settled(live, within: 1000)])
    ])
    #expect(stage.begin() == [.spawn("x11vnc")])
  }

  @Test func `a service that depends on a later plan is started too`() {
    var stage = Stage([.daemon("second", after: [.started("first")]), .daemon("first")])
    #expect(stage.begin() == [.spawn("first")])
    #expect(stage.spawned("first") == [.spawn("second")])
  }

  @Test func `what waits for a start does not start when that start has failed`() {
    var stage = Stage([.gateway(.paper), .task("ibc-scripts", after: [.started(paper)])])
    #expect(stage.begin() == [.spawn(paper)])
    #expect(stage.say(paper, .spawnFailed(why: "cannot start ibc-paper: no such file", missing: true)) == [])
    #expect(stage.state("ibc-scripts") == .waiting)
  }

  @Test func `a dependency that goes away does not end what was started on it`() {
    var stage = Stage([.daemon("xvfb"), .daemon("x11vnc", after: [.ready("xvfb")])])
    stage.everythingUp()
    #expect(stage.say("xvfb", .ended(.signal(11))) == [])
    #expect(stage.state("x11vnc") == .running)
  }

  @Test func `a service that failed waits for its dependency again before it is started again`() {
    var stage = Stage([.daemon("xvfb"), .daemon("x11vnc", after: [.ready("xvfb")])])
    stage.everythingUp()
    _ = stage.say("x11vnc", .ended(.code(1)))
    _ = stage.say("xvfb", .ended(.code(1)))
    #expect(stage.wait(1200) == [.spawn("xvfb")])
    #expect(stage.state("x11vnc") == .waiting)
    #expect(stage.spawned("xvfb") == [.spawn("x11vnc")])
  }

  @Test func `an event of an unknown service changes nothing`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(stage.say("nobody", .ended(.code(1))) == [])
    #expect(stage.lines == ["info caddy: ready after 0 ms"])
  }
}
