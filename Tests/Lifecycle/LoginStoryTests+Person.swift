import Testing
import Trading

@testable import Lifecycle

/// What a person does about logins: orders, stops and words that let one through.
extension LoginStoryTests {
  @Test func `resume tries once at once, and a failure holds again`() throws {
    var stage = attempting()
    for _ in 0..<2 {
      failLogin(&stage)
      _ = nextAttempt(&stage)
    }
    failLogin(&stage)
    #expect(stage.state(paper) == .held)
    #expect(stage.resume() == [.spawn(paper)])
    _ = stage.spawned(paper) + stage.say(paper, .javaStarting)
    #expect(stage.say(paper, .loginAttempt(1)) == [])
    failLogin(&stage)
    #expect(stage.state(paper) == .held)
    #expect(stage.resume(.live) == nil)
    #expect(stage.resume(.paper) == [.spawn(paper)])
    _ = stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1))
    _ = stage.say(paper, .loginCompleted)
    #expect(stage.state(paper) == .running)
    #expect(stage.resume() == nil)
  }

  @Test(arguments: [Order.start, .restart])
  func `an order to start is a person's word, too`(order: Order) throws {
    var stage = attempting()
    failLogin(&stage)
    #expect(try stage.order(order, paper) == [.spawn(paper)])
  }

  @Test func `a restart that a person orders in the middle of a login goes on, and that login is charged`() throws {
    var stage = attempting()
    _ = try stage.order(.restart, paper)
    #expect(stage.say(paper, .ended(.code(0))) == [.spawn(paper)])
    #expect(stage.persisted[.paper]?.charges.map(\.why) == ["it was stopped in the middle of the login"])
  }

  @Test func `nor does a restart that a person orders wait when IBC tells of java's end first`() throws {
    var stage = attempting()
    _ = try stage.order(.restart, paper)
    _ = stage.say(paper, .javaEnded(143))
    #expect(stage.say(paper, .ended(.code(143))) == [.spawn(paper)])
    #expect(stage.persisted[.paper]?.charges.map(\.why) == ["it was stopped in the middle of the login"])
  }

  @Test(arguments: [[], [GatewayEvent.javaEnded(0)]])
  func `a stop of the container in the middle of a login is charged, and is no alert`(said: [GatewayEvent]) {
    var stage = attempting()
    _ = stage.say(paper, .secondFactorAsked) + stage.term()
    let before = stage.alerts
    for event in said { _ = stage.say(paper, event) }
    _ = stage.say(paper, .ended(.code(0)))
    #expect(stage.persisted[.paper]?.charges.map(\.why) == ["it was stopped in the middle of the login"])
    #expect(stage.alerts == before)
  }

  @Test(arguments: [Order.start, .restart])
  func `a person's word lets the next login through at once, but not before IBKR lets it`(order: Order) throws {
    var stage = attempting()
    _ = stage.say(paper, .tooManyFailures(wait: 287)) + stage.say(paper, .ended(.code(0)))
    _ = stage.wait(7000)
    #expect(try stage.order(order, paper) == [])
    #expect(stage.resume() == [])
    #expect(stage.why(paper) == "waits until 22:18 UTC, as IBKR asks; a login before that would fail")
    #expect(stage.wait(279_999) == [])
    #expect(stage.wait(1) == [.spawn(paper)])
  }

  @Test func `what was refused says why`() {
    var stage = loggedIn()
    guard case .failure(let refusal) = stage.lifecycle.resume(.paper, at: stage.now) else {
      Issue.record("it was not refused")
      return
    }
    #expect(refusal.sentence == "cannot resume paper: nothing is held; ibc-paper is running")
  }
}
