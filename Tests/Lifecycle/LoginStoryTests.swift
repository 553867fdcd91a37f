import Testing
import Trading

@testable import Lifecycle

/// What is done about a login that fails, one story after the other.
@Suite struct LoginStoryTests {
  let minute: Int64 = 60_000

  /// A gateway whose java has just tried to log in.
  func attempting(
    onGatewayExit: GatewayExitPolicy = .restart, policy: GatewayPolicy = GatewayPolicy(), loginWithin: Int64? = 360_000,
    budgets: [Mode: LoginBudget] = [:]
  ) -> Stage {
    var stage = Stage(
      [.gateway(.paper, loginWithin: loginWithin)], onGatewayExit: onGatewayExit, policy: policy, budgets: budgets)
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1))
    return stage
  }

  func loggedIn(_ policy: GatewayPolicy = GatewayPolicy()) -> Stage {
    var stage = attempting(policy: policy)
    _ = stage.say(paper, .loginCompleted)
    return stage
  }

  /// Waits until the gateway is started again and tries to log in; returns how long that took, in ms.
  func nextAttempt(_ stage: inout Stage) -> Int64? {
    let begin = stage.now.uptime
    while let wake = stage.lifecycle.nextWake {
      if stage.wait(wake - stage.now.uptime).contains(.spawn(paper)) {
        _ = stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1))
        return stage.now.uptime - begin
      }
    }
    return nil
  }

  func failLogin(_ stage: inout Stage) {
    _ = stage.say(paper, .javaEnded(87)) + stage.say(paper, .ended(.code(87)))
  }

  // MARK: Waiting

  @Test func `three failures in an hour hold the gateway until the first of them is an hour old`() throws {
    var stage = attempting()
    failLogin(&stage)
    let firstFailure = stage.now.uptime
    for range in [30_000...36_000, 60_000...72_000] as [ClosedRange<Int64>] {
      #expect(stage.state(paper) == .backingOff)
      #expect(range.contains(try #require(nextAttempt(&stage))))
      failLogin(&stage)
    }
    #expect(stage.state(paper) == .held)
    #expect(stage.lifecycle.gateway(.paper)?.state == .loginHold)
    #expect(stage.lifecycle.record(paper)?.until == firstFailure + 60 * minute)
    _ = nextAttempt(&stage)
    #expect(stage.now.uptime == firstFailure + 60 * minute)
  }

  @Test func `a night without anybody at the phone costs five logins, and not one more until a day has passed`() throws
  {
    var stage = attempting()
    let begin = stage.now.uptime
    var attempts = [begin]
    while stage.now.uptime < begin + 1440 * minute {
      _ = stage.say(paper, .secondFactorAsked)
      #expect(stage.wait(360_000).contains(.killLeader(paper)))
      _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
      _ = try #require(nextAttempt(&stage))
      attempts.append(stage.now.uptime)
    }
    #expect(attempts.count == 6)
    #expect(attempts[5] >= begin + 1440 * minute)
    #expect(attempts[3] - attempts[0] >= 60 * minute)
  }

  @Test func `the hold says why, until when and what a person can do, in the state, health, alert and status`() throws {
    var stage = attempting(
      policy: {
        var p = GatewayPolicy(); p.loginLimits = .init(perHour: 1, perDay: 2); return p
      }())
    _ = stage.say(paper, .loginFailed("IBKR does not know the user name or the password"))
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    let why =
      "1 login failed within an hour, the last because IBKR does not know the user name or the password; "
      + "tried again at 23:13 UTC, or at once by: ibgw resume paper"
    #expect(stage.why(paper) == why)
    #expect(stage.lifecycle.health(.ready).causes.map(\.why) == [why])
    #expect(stage.lifecycle.health(.live).ok)
    #expect(stage.alerts.last?.kind == .hold && stage.alerts.last?.message == why)
    let status = try #require(stage.report().gateways.first)
    #expect(status.nextTry == 60 * minute)
    #expect(
      status.budget
        == .init(
          inHour: 1, perHour: 1, inDay: 1, perDay: 2, last: "IBKR does not know the user name or the password"))
  }

  @Test func `a login that java completes while it is being ended is for nothing like the one before`() throws {
    var stage = attempting()
    _ = stage.say(paper, .loginFailed("the login failed"))
    #expect(stage.state(paper) == .stopping)
    _ = stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1)) + stage.say(paper, .loginCompleted)
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.signal(9)))
    let charges = stage.persisted[.paper]?.charges.map(\.why)
    #expect(charges == ["the login failed", "it was stopped in the middle of the login"])
    #expect((60_000...72_000).contains(try #require(nextAttempt(&stage))))
    // What follows is a login like any other, and none of the few that restarts may need.
    #expect(stage.persisted[.paper]?.restartLogins == [])
  }

  @Test func `a hold that would end in the middle of a stop does not`() {
    var budget = LoginBudget()
    let lately = Stage.start.uptime - 60 * minute + 1000
    budget.charges = [LoginBudget.Charge](repeating: .init(at: lately, why: "the login failed"), count: 3)
    var stage = Stage([.daemon("relay", rank: 0), .gateway(.paper)], budgets: [.paper: budget])
    _ = stage.begin() + stage.up("relay")
    #expect(stage.state(paper) == .held)
    #expect(stage.term() == [.terminate("relay")])
    _ = stage.wait(2000)
    #expect(stage.state(paper) == .held)
    #expect(stage.say("relay", .ended(.code(0))) == [.exit(0)])
  }

  @Test func `IBKR's own wait is waited for in full`() {
    var stage = attempting()
    _ = stage.say(paper, .tooManyFailures(wait: 1800)) + stage.say(paper, .ended(.code(0)))
    #expect(stage.wait(1800_000 - 1) == [])
    #expect(stage.wait(1) == [.spawn(paper)])
  }

  @Test func `what a refused login waits for is said of its gateway until java begins another one`() {
    var stage = attempting()
    #expect(stage.lifecycle.gateway(.paper)?.why == "the login is under way")
    _ = stage.say(paper, .tooManyFailures(wait: 1800))
    #expect(stage.lifecycle.gateway(.paper)?.state == .loggingIn)
    #expect(stage.lifecycle.gateway(.paper)?.why == "too many failed logins; IBKR asks to wait 30 min")
    _ = stage.say(paper, .loginAttempt(2))
    #expect(stage.lifecycle.gateway(.paper)?.why == "the login is under way")
  }

  @Test func `nobody is told to confirm a login on the phone when its time is over`() {
    var stage = attempting()
    _ = stage.say(paper, .secondFactorAsked)
    #expect(stage.lifecycle.gateway(.paper)?.state == .waitingFor2FA)
    _ = stage.say(paper, .secondFactorClosed)
    #expect(stage.lifecycle.gateway(.paper)?.state == .loggingIn)
    #expect(stage.lifecycle.gateway(.paper)?.why == "the login is under way")
    _ = stage.say(paper, .secondFactorMissed("the second factor was not given in time"))
    #expect(stage.lifecycle.gateway(.paper)?.state == .loggingIn)
    #expect(stage.lifecycle.gateway(.paper)?.why == "the second factor was not given in time")
    _ = stage.say(paper, .loginAttempt(2)) + stage.say(paper, .secondFactorAsked)
    #expect(stage.lifecycle.gateway(.paper)?.state == .waitingFor2FA)
  }

  @Test func `a failure is charged once, however many lines tell of it`() {
    var stage = attempting()
    for said in [.loginFailed("the login failed"), .coldRestart("anew"), .tooManyFailures(wait: nil)] as [GatewayEvent]
    {
      _ = stage.say(paper, said)
    }
    _ = stage.say(paper, .javaEnded(87)) + stage.say(paper, .ended(.code(87)))
    #expect(stage.persisted[.paper]?.charges.count == 1)
    #expect(stage.lifecycle.gateway(.paper)?.logins.failed == 1)
  }

  // MARK: Restarts of the container

  @Test func `a container that is restarted in the hold does not try again`() throws {
    var stage = attempting()
    for _ in 0..<2 {
      failLogin(&stage)
      _ = nextAttempt(&stage)
    }
    failLogin(&stage)
    let until = try #require(stage.lifecycle.record(paper)?.until)
    for _ in 0..<20 {
      let record = LoginRecord(try #require(stage.persisted[.paper]), boot: "a", at: stage.now)
      let later = Moment(uptime: stage.now.uptime + 5000, wall: stage.now.wall - 86_400_000)
      var next = Stage(
        [.gateway(.paper)], budgets: [.paper: try #require(record.budget(boot: "a", at: later))], at: later)
      #expect(next.begin() == [])
      #expect(next.state(paper) == .held)
      #expect(next.lifecycle.record(paper)?.until == until)
      #expect(next.wait(1000) == [])
    }
  }

  @Test func `a container that ends in the middle of its logins is held after the third, too`() throws {
    var budget: LoginBudget? = LoginBudget()
    var now = Stage.start
    var attempts = 0
    for _ in 0..<50 {
      var stage = Stage([.gateway(.paper)], budgets: budget.map { [.paper: $0] } ?? [:], at: now)
      if stage.begin() == [.spawn(paper)] {
        _ = stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1))
        attempts += 1
      }
      now = Moment(uptime: now.uptime + 60_000, wall: now.wall + 60_000)
      guard let last = stage.persisted[.paper] ?? budget else { break }
      budget = LoginRecord(last, boot: "a", at: stage.now).budget(boot: "a", at: now)
    }
    #expect(attempts == 3)
  }

  // MARK: ibcstart.sh and IBC by themselves

  @Test(arguments: [.loginFailed("the login failed"), .coldRestart("anew"), .javaEnded(88)] as [GatewayEvent])
  func `where ibcstart.sh would begin the next login at once it is ended`(said: GatewayEvent) {
    var stage = attempting()
    #expect(stage.say(paper, said) == [.killLeader(paper)])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    _ = stage.say(paper, .ended(.code(143)))
    #expect(stage.state(paper) == .backingOff)
    #expect(stage.wait(29_999) == [])
  }

  @Test func `logins that IBC begins anew by itself are let go on until the budget is spent`() {
    var stage = attempting()
    for attempt in 2...3 {
      #expect(stage.say(paper, .secondFactorMissed("the second factor was not given in time")) == [])
      #expect(stage.wait(5000) == [])
      #expect(stage.say(paper, .loginAttempt(attempt)) == [])
    }
    #expect(stage.say(paper, .secondFactorMissed("the second factor was not given in time")) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    #expect(stage.state(paper) == .held)
  }

  @Test func `the third restart of java within a minute without a login ends the script`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting)
    for _ in 1...2 { #expect(stage.say(paper, .javaEnded(1)) + stage.say(paper, .javaStarting) == []) }
    #expect(stage.say(paper, .javaEnded(1)) + stage.say(paper, .javaStarting) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    #expect(stage.state(paper) == .backingOff)
  }

  @Test func `a daily restart for a month and the Sundays between cost nothing`() {
    var stage = loggedIn()
    for day in 1...30 {
      #expect(stage.wait(1440 * minute - 60_000) == [])
      #expect(stage.say(paper, .javaEnded(0)) + stage.wait(2000) + stage.say(paper, .javaStarting) == [])
      if day % 7 == 0 {
        #expect(stage.say(paper, .loginAttempt(1)) + stage.say(paper, .secondFactorAsked) + stage.wait(40_000) == [])
      }
      #expect(stage.wait(18_000) + stage.say(paper, .loginCompleted) == [])
    }
    #expect(stage.persisted[.paper]?.charges == [])
    #expect(stage.state(paper) == .running)
  }

  @Test func `a restart that does not come to its end within 5 min is a login problem like another`() {
    var stage = loggedIn()
    _ = stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting)
    #expect(stage.wait(299_999) == [])
    #expect(stage.wait(1) == [.killLeader(paper)])
    #expect(stage.persisted[.paper]?.charges.count == 1)
  }

  @Test func `a spent budget ends neither a gateway that serves nor its daily restart`() {
    var budget = LoginBudget()
    budget.charges = (0..<5).map { .init(at: Stage.start.uptime - $0, why: "it failed") }
    var stage = Stage([.gateway(.paper, loginWithin: 360_000)], budgets: [.paper: budget])
    _ = stage.begin()
    #expect(stage.resume() == [.spawn(paper)])
    _ = stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1))
    #expect(stage.say(paper, .loginCompleted) == [])
    #expect(stage.say(paper, .javaEnded(0)) + stage.say(paper, .javaStarting) == [])
    #expect(stage.say(paper, .loginAttempt(1)) + stage.say(paper, .loginCompleted) + stage.wait(3_600_000) == [])
  }

  // MARK: The end of the gateway

  @Test func `with ON_GATEWAY_EXIT=exit the second factor is tried again where TWOFA_TIMEOUT_ACTION says so`() {
    var policy = GatewayPolicy()
    policy.retriesSecondFactor = true
    var stage = attempting(onGatewayExit: .exit, policy: policy)
    failLogin(&stage)
    #expect(stage.state(paper) == .backingOff)
    var other = attempting(onGatewayExit: .exit)
    _ = other.say(paper, .javaEnded(87))
    #expect(other.say(paper, .ended(.code(87))) == [.exit(87)])
  }

  // MARK: Another session

  @Test func `another session that takes over once is said, and a second time within 10 min holds the gateway`() {
    var stage = loggedIn()
    #expect(stage.say(paper, .otherSession(.takesOver)) == [])
    #expect(stage.lifecycle.gateway(.paper)?.why == "another session of the same user has taken over")
    _ = stage.wait(600_000 - 1)
    #expect(stage.say(paper, .otherSession(.takesOver)) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9))) + stage.say(paper, .ended(.code(143)))
    #expect(stage.state(paper) == .held)
    #expect(
      stage.why(paper)
        == "another session of the same user took over twice within 10 min; when it may log in again: ibgw resume paper"
    )
    #expect(stage.wait(7 * 1440 * minute) == [])
    #expect(stage.resume() == [.spawn(paper)])
  }

  @Test func `two that take over 10 min apart are no duel`() {
    var stage = loggedIn()
    _ = stage.say(paper, .otherSession(.takesOver)) + stage.wait(600_000)
    #expect(stage.say(paper, .otherSession(.takesOver)) == [])
    #expect(stage.state(paper) == .running)
  }

  // MARK: Two modes

  @Test func `two modes have two budgets`() {
    var stage = Stage([.gateway(.live), .gateway(.paper)])
    _ = stage.begin() + stage.spawned(live) + stage.spawned(paper)
    for name in [live, paper] { _ = stage.say(name, .javaStarting) + stage.say(name, .loginAttempt(1)) }
    _ = stage.say(live, .loginFailed("the login failed"))
    #expect(stage.persisted[.live]?.charges.count == 1)
    #expect(stage.persisted[.paper]?.charges.count == 0)
    #expect(stage.state(paper) == .starting)
  }

  // MARK: A stop that keeps the session

  private var pausing: ServicePlan {
    var plan = ServicePlan.gateway(.paper)
    plan.stopSteps = [StopStep(.pause, 75_000), StopStep(.terminate, 10_000), StopStep(.kill, 2000)]
    return plan
  }

  @Test func `a stop that keeps the session asks for a pause and looks at what it has left`() {
    var stage = Stage([pausing])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginCompleted)
    #expect(stage.term() == [.pause(paper)])
    let began = stage.now.wall
    #expect(stage.wait(62_000) + stage.say(paper, .javaEnded(0)) == [])
    #expect(stage.say(paper, .ended(.code(0))) == [.verifySession(.paper, since: began), .exit(0)])
    #expect(stage.persisted[.paper]?.stoppedAt == began)
  }

  @Test func `a gateway that is not logged in has no session to keep, and IBC that cannot be asked is told by TERM`() {
    var early = Stage([pausing])
    _ = early.begin() + early.spawned(paper) + early.say(paper, .javaStarting)
    #expect(early.term() == [.killLeader(paper)])
    var stage = Stage([pausing])
    _ = stage.begin() + stage.spawned(paper) + stage.say(paper, .javaStarting) + stage.say(paper, .loginCompleted)
    #expect(stage.term() + stage.say(paper, .askFailed) == [.pause(paper), .killLeader(paper)])
    #expect(stage.say(paper, .ended(.code(143))) == [.exit(0)])
  }
}
