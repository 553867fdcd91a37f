import Testing
import Trading

@testable import Lifecycle

/// Logins that were completed and did not last.
extension LoginStoryTests {
  @Test func `sessions that are lost again and again are charged as failed logins are`() throws {
    var stage = loggedIn()
    var logins = 1
    let begin = stage.now.uptime
    while stage.now.uptime < begin + 600 * minute {
      _ = stage.wait(15 * minute) + stage.say(paper, .javaEnded(1)) + stage.say(paper, .ended(.code(1)))
      #expect(stage.persisted[.paper]?.charges.last?.kind == .lost)
      _ = try #require(nextAttempt(&stage))
      _ = stage.say(paper, .loginCompleted)
      logins += 1
    }
    #expect(logins <= 6)
  }

  private func crash(_ stage: inout Stage) {
    _ = stage.wait(20_000) + stage.say(paper, .javaEnded(1)) + stage.say(paper, .ended(.code(1)))
  }

  @Test func `a gateway that crashes 20 s after each login is tried again after growing waits, then held`() throws {
    var stage = loggedIn()
    for range in [30_000...36_000, 60_000...72_000] as [ClosedRange<Int64>] {
      crash(&stage)
      #expect(stage.why(paper) == "ended by exit code 1")
      #expect(range.contains(try #require(nextAttempt(&stage))))
      _ = stage.say(paper, .loginCompleted)
    }
    crash(&stage)
    #expect(stage.state(paper) == .held)
    #expect(
      try #require(stage.why(paper)).hasPrefix(
        "the gateway crashed soon after login 3 times within an hour, the last because the gateway ended 20 s after the "
          + "login by exit code 1; tried again at "))
    #expect(stage.report().gateways.first?.budget.inHour == 3)
    #expect(stage.resume() == [.spawn(paper)])
  }

  @Test func `a session that lasts 10 min makes the next wait short again, and one that does not, does not`() throws {
    var policy = GatewayPolicy()
    policy.loginLimits = LoginLimits(perHour: 100, perDay: 100)
    var stage = loggedIn(policy)
    for (lasting, range) in [
      (599_999, 30_000...36_000), (599_999, 60_000...72_000), (0, 120_000...144_000), (600_000, 30_000...36_000),
    ] as [(Int64, ClosedRange<Int64>)] {
      _ = stage.wait(lasting) + stage.say(paper, .ended(.signal(9)))
      #expect(range.contains(try #require(nextAttempt(&stage))))
      _ = stage.say(paper, .loginCompleted)
    }
  }

  @Test func `a crash soon after login waits, too, where ibcstart.sh would start java again at once`() {
    var stage = loggedIn()
    _ = stage.wait(20_000)
    #expect(stage.say(paper, .javaEnded(1)) == [])
    #expect(stage.persisted[.paper]?.charges.map(\.kind) == [.crashed])
    #expect(stage.say(paper, .javaStarting) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    #expect(stage.persisted[.paper]?.charges.count == 1)
    #expect(stage.wait(29_000) == [])
    #expect(stage.wait(8000) == [.spawn(paper)])
  }

  @Test func `a restart of IBC's own minutes after a login is known and costs nothing, but a loop of them does`() {
    var stage = loggedIn()
    for _ in 1...2 {
      _ = stage.wait(minute) + stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting)
      #expect(stage.say(paper, .loginAttempt(1)) + stage.say(paper, .loginCompleted) == [])
    }
    #expect(stage.persisted[.paper]?.charges == [])
    _ = stage.wait(minute) + stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting)
    #expect(stage.say(paper, .loginAttempt(1)) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    #expect(
      stage.persisted[.paper]?.charges.map(\.why) == ["java was restarted with a login for the third time within a day"]
    )
    #expect(stage.state(paper) == .backingOff)
  }

  @Test func `sessions that are taken up and lost within seconds, again and again, are a loop without a login`() {
    var stage = loggedIn()
    for _ in 1...2 {
      _ = stage.wait(5000)
      #expect(
        stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting) + stage.say(paper, .loginCompleted) == [])
    }
    #expect(stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting) == [.killLeader(paper)])
  }
}
