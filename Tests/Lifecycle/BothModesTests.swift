import Testing
import Trading

@testable import Lifecycle

@Suite struct BothModesTests {
  /// Both gateways; live has been started and nothing else has happened.
  private func liveStarted(onGatewayExit: GatewayExitPolicy = .restart) -> Stage {
    var stage = Stage(
      [.gateway(.live), .gateway(.paper, after: [.settled(live, within: 15_000)])], onGatewayExit: onGatewayExit)
    _ = stage.begin() + stage.spawned(live)
    return stage
  }

  @Test func `live is started first`() {
    var stage = Stage(imagePlans([.live, .paper]))
    stage.everythingUp()
    #expect(stage.state(live) == .running)
    #expect(stage.state(paper) == .running)
    var bare = Stage([.gateway(.live), .gateway(.paper, after: [.settled(live, within: 15_000)])])
    #expect(bare.begin() == [.spawn(live)])
  }

  @Test func `paper starts when live has passed its login`() {
    var stage = liveStarted()
    #expect(stage.wait(4000) == [])
    #expect(stage.say(live, .loginCompleted) == [.spawn(paper)])
  }

  @Test func `paper starts when live has failed`() {
    var stage = liveStarted()
    #expect(stage.say(live, .ended(.code(87))) == [.spawn(paper)])
  }

  @Test func `paper starts when live could not be started`() {
    for missing in [true, false] {
      var stage = Stage([.gateway(.live), .gateway(.paper, after: [.settled(live, within: 15_000)])])
      _ = stage.begin()
      #expect(stage.say(live, .spawnFailed(why: "cannot start ibc-live", missing: missing)) == [.spawn(paper)])
    }
  }

  @Test func `paper starts when live is held`() {
    var stage = liveStarted()
    #expect(stage.say(live, .ended(.code(85))) == [.spawn(paper)])
    #expect(stage.state(live) == .held)
  }

  @Test func `paper starts 15 seconds after live was started, whatever live does`() {
    var stage = liveStarted()
    _ = stage.say(live, .javaStarting)
    _ = stage.say(live, .secondFactorAsked)
    #expect(stage.wait(14_999) == [])
    #expect(stage.wait(1) == [.spawn(paper)])
  }

  @Test func `paper starts when live is told to stop by order, in its login or before its start`() throws {
    var stage = liveStarted()
    #expect(try stage.order(.stop, live).contains(.spawn(paper)))

    var early = Stage([
      .daemon("xvfb", readiness: .whenReported(within: nil)), .gateway(.live, after: [.ready("xvfb")]),
      .gateway(.paper, after: [.settled(live, within: 15_000)]),
    ])
    _ = early.begin() + early.spawned("xvfb")
    #expect(try early.order(.stop, live) == [.spawn(paper)])
  }

  @Test func `paper waits for nobody when it is started again`() {
    var stage = liveStarted()
    _ = stage.say(live, .loginCompleted) + stage.spawned(paper)
    _ = stage.say(live, .javaEnded(0))
    _ = stage.say(paper, .ended(.code(87)))
    #expect(stage.wait(36_000) == [.spawn(paper)])
  }

  @Test func `while paper waits for more than live's login nobody is woken by live's 15 seconds`() {
    var stage = Stage([
      .gateway(.live), .daemon("xvfb", readiness: .whenReported(within: nil)),
      .gateway(.paper, after: [.settled(live, within: 15_000), .ready("xvfb")]),
    ])
    _ = stage.begin() + stage.spawned(live) + stage.spawned("xvfb")
    #expect(stage.lifecycle.nextWake == stage.lifecycle.gatewayWake)
    #expect(stage.wait(60_000) == [])
    #expect(stage.say("xvfb", .ready) == [.spawn(paper)])
  }

  @Test func `the status says what paper waits for`() {
    let stage = liveStarted()
    #expect(stage.report().services.map(\.why) == ["", "lets ibc-live log in first"])
  }

  @Test func `each gateway is started again alone`() {
    var stage = liveStarted()
    _ = stage.say(live, .loginCompleted) + stage.spawned(paper) + stage.say(paper, .loginCompleted)
    #expect(stage.say(live, .ended(.signal(9))) == [])
    #expect(stage.state(paper) == .running)
    #expect(stage.wait(36_000) == [.spawn(live)])
  }

  @Test func `with ON_GATEWAY_EXIT=exit the container ends once both have ended, with the code of the last`() {
    var stage = liveStarted(onGatewayExit: .exit)
    _ = stage.say(live, .loginCompleted) + stage.spawned(paper) + stage.say(paper, .loginCompleted)
    #expect(stage.say(live, .ended(.code(87))) == [])
    #expect(stage.state(live) == .stopped)
    #expect(stage.wait(86_400_000) == [])
    #expect(stage.say(paper, .ended(.code(3))) == [.exit(3)])
  }

  @Test func `with ON_GATEWAY_EXIT=exit live's end before paper's start lets paper start`() {
    var stage = liveStarted(onGatewayExit: .exit)
    _ = stage.say(live, .javaStarting)
    #expect(stage.say(live, .ended(.code(87))) == [.spawn(paper)])
    #expect(stage.lifecycle.phase == .running)
  }

  @Test func `with ON_GATEWAY_EXIT=exit a gateway that waits for its next try still counts`() {
    var stage = liveStarted(onGatewayExit: .exit)
    _ = stage.say(live, .loginCompleted)
    _ = stage.say(paper, .spawnFailed(why: "cannot start ibc-paper: no memory", missing: false))
    #expect(stage.say(live, .ended(.code(0))) == [])
    #expect(stage.wait(12_000) == [.spawn(paper)])
  }
}
