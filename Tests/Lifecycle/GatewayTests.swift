import Testing
import Trading

@testable import Lifecycle

@Suite struct GatewayTests {
  /// A gateway that has passed its login.
  private func loggedIn(onGatewayExit: GatewayExitPolicy = .restart) -> Stage {
    var stage = Stage([.gateway(.paper)], onGatewayExit: onGatewayExit)
    _ = stage.begin() + stage.spawned(paper)
    _ = stage.say(paper, .javaStarting) + stage.say(paper, .loginCompleted)
    return stage
  }

  @Test func `IBC's lines say how far the login is`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting)
    #expect(stage.state(paper) == .starting)
    _ = stage.say(paper, .loginAttempt(1))
    #expect(stage.why(paper) == "login attempt 1")
    _ = stage.say(paper, .secondFactorAsked)
    #expect(stage.why(paper) == "waits for the second factor")
    #expect(stage.stateLines.last == "warning ibc-paper: waiting-for-2fa: confirm the login on the phone")
    _ = stage.say(paper, .loginCompleted)
    #expect(stage.state(paper) == .running)
    #expect(stage.why(paper) == "logged in")
  }

  @Test func `java's restart inside ibcstart.sh is no end of the service`() {
    var stage = loggedIn()
    let pid = stage.lifecycle.record(paper)?.pid
    #expect(stage.say(paper, .javaEnded(0)) == [])
    #expect(stage.state(paper) == .starting)
    #expect(stage.why(paper) == "java has ended with 0; ibcstart.sh decides whether it starts again")
    #expect(stage.say(paper, .javaStarting) + stage.say(paper, .loginCompleted) == [])
    #expect(stage.state(paper) == .running)
    #expect(stage.lifecycle.record(paper)?.pid == pid)
    #expect(stage.lifecycle.record(paper)?.restarts == 0)
  }

  @Test func `when ibcstart.sh is lost and java goes on, java is left alone for good`() {
    var stage = loggedIn()
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [])
    #expect(stage.state(paper) == .running)
    #expect(stage.why(paper) == "ibcstart.sh is gone (signal 9 (KILL)); java goes on and is left alone")
    #expect(stage.lifecycle.record(paper)?.pid == nil)
    #expect(stage.wait(7 * 86_400_000) == [])
    #expect(stage.state(paper) == .running)
  }

  @Test func `a gateway without its ibcstart.sh is started again once java has ended too`() {
    var stage = loggedIn()
    _ = stage.say(paper, .leaderEnded(.signal(9)))
    #expect(stage.say(paper, .ended(.code(0))) == [])
    #expect(stage.state(paper) == .backingOff)
    #expect(stage.wait(36_000) == [.spawn(paper)])
  }

  @Test func `a stop tells java itself when ibcstart.sh is lost already`() {
    var stage = loggedIn()
    _ = stage.say(paper, .leaderEnded(.signal(9)))
    #expect(stage.term() == [.ask(paper)])
    #expect(stage.wait(20_000) == [.terminate(paper)])
    #expect(stage.say(paper, .ended(.code(143))) == [.exit(0)])
  }

  @Test func `a fatal configuration holds the gateway and keeps the container up`() {
    for policy in GatewayExitPolicy.allCases {
      var stage = Stage([.gateway(.paper)], onGatewayExit: policy)
      _ = stage.begin() + stage.spawned(paper)
      #expect(stage.say(paper, .ended(.code(4))) == [])
      #expect(stage.state(paper) == .held)
      #expect(stage.lifecycle.phase == .running)
      #expect(stage.wait(86_400_000) == [])
    }
  }

  @Test(
    arguments: [
      .javaStarting, .loginAttempt(1), .secondFactorAsked, .secondFactorClosed, .loginCompleted, .javaEnded(1),
    ] as [GatewayEvent])
  func `after any word of IBC the exit code 1 is java's, and no missing java`(said: GatewayEvent) {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, said)
    _ = stage.say(paper, .ended(.code(1)))
    #expect(stage.state(paper) == .backingOff)
  }

  @Test func `the exit code 1 of a gateway that was up is no missing java, whoever said that it was up`() {
    var stage = Stage([.gateway(.paper)])
    stage.everythingUp()
    _ = stage.say(paper, .ended(.code(1)))
    #expect(stage.state(paper) == .backingOff)
  }

  @Test func `what IBC said in an earlier run does not count for the next`() {
    var stage = loggedIn()
    _ = stage.say(paper, .ended(.code(0)))
    _ = stage.wait(36_000) + stage.spawned(paper)
    _ = stage.say(paper, .ended(.code(1)))
    #expect(stage.state(paper) == .held)
  }

  @Test(
    arguments: [(.code(0), 0), (.code(87), 87), (.code(1), 1), (.signal(9), 137)] as [(Exit, Int32)])
  func `with ON_GATEWAY_EXIT=exit the container ends with IBC's own code`(exit: Exit, code: Int32) {
    var stage = loggedIn(onGatewayExit: .exit)
    #expect(stage.say(paper, .ended(exit)) == [.exit(code)])
    #expect(stage.lifecycle.phase == .ended(code: code))
    #expect(stage.why(paper)?.hasSuffix("ON_GATEWAY_EXIT=exit") == true)
  }

  @Test func `with ON_GATEWAY_EXIT=exit everything else is stopped in order first`() {
    var stage = Stage([.daemon("xvfb", rank: 5), .gateway(.paper, after: [.ready("xvfb")])], onGatewayExit: .exit)
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    #expect(stage.say(paper, .ended(.code(87))) == [.terminate("xvfb")])
    #expect(stage.say("xvfb", .ended(.code(0))) == [.exit(87)])
  }

  @Test func `with ON_GATEWAY_EXIT=exit a gateway that was stopped by order leaves the container up`() throws {
    var stage = loggedIn(onGatewayExit: .exit)
    #expect(try stage.order(.stop, paper) == [.ask(paper)])
    #expect(stage.say(paper, .ended(.code(0))) == [])
    #expect(stage.lifecycle.phase == .running)
  }

  @Test func `with ON_GATEWAY_EXIT=exit a gateway that ends by itself in the stop does not hurry it`() {
    var stage = Stage([.daemon("relay", rank: 0), .gateway(.paper)], onGatewayExit: .exit)
    stage.everythingUp()
    #expect(stage.term() == [.terminate("relay")])
    _ = stage.say(paper, .javaStarting)
    #expect(stage.say(paper, .ended(.code(1))) == [])
    #expect(!stage.lines.contains { $0.contains("hurried") })
    #expect(stage.say("relay", .ended(.code(0))) == [.exit(0)])
  }
}
