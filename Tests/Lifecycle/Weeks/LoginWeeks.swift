import Trading

@testable import Lifecycle

/// Weeks of one gateway in fast motion: a person with a phone, days and nights, wrong passwords, crashes, daily restarts, Sundays, and a
/// container that is restarted at any moment, on a machine whose clock jumps. Everything in it follows from its seed.
///
/// Its own time, `truth`, is what the rules are about; the lifecycle sees only clocks made from it.
struct LoginWeeks {
  /// What is the matter with logins for some hours.
  enum Weather: CaseIterable {
    case fine, away, wrongPassword, noDialog, throttled, stuck, crashLoop, restartLoop, duel, scriptLoop
  }

  enum Happening {
    /// One java, or whatever runs, goes on to its next moment.
    case java(Int, Moment)
    /// ibcstart.sh starts java.
    case javaStarts(run: Int)
    case ended(run: Int, Exit)
    case leaderEnded(run: Int)
    case weatherChanges, clockJumps, containerEnds, personLooks, dailyRestart

    enum Moment { case windowOpens, result, relogin, crash, halts(Int32) }
  }

  static let minute: Int64 = 60_000
  static let day: Int64 = 86_400_000

  let seed: UInt64
  let limits: LoginLimits
  var random: SeededGenerator
  var truth: Int64 = 0
  var lifecycle: Lifecycle
  var violation: String?

  private(set) var weather = Weather.fine
  private var future: [(time: Int64, what: Happening)] = []
  private var record: LoginRecord?
  private var recordedAt: Int64 = 0
  private var bootedAt: Int64 = -1_000_000
  private var boots = 0
  private var clockOff: Int64 = 1_700_000_000_000
  private var run = 0
  private var java = 0
  private var leads = false
  private var lives = false
  private var isLoggedIn = false
  private var attemptNumber = 0
  /// The next login is a person's, or the one of a known restart.
  private var isOrdered = false
  private var isRestart = false
  private var attempts: [Int64] = []
  /// Logins of known restarts.
  private var restartLogins: [Int64] = []
  private var loggedInAt: Int64 = 0
  /// Runs of ibcstart.sh in a row that have tried to log in and brought no session that lasted.
  private var runsForNothing = 0
  private var hasTried = false
  private(set) var seen: [String: Int] = [:]
  /// What happened, for the one who replays a seed; nil where nobody does.
  private(set) var trace: [String]?

  init(seed: UInt64, isTraced: Bool = false) {
    self.seed = seed
    trace = isTraced ? [] : nil
    random = SeededGenerator(seed: seed)
    limits =
      [LoginLimits(), LoginLimits(perHour: 1, perDay: 2), LoginLimits(perHour: 5, perDay: 20)][
        Int(random.below(3))]
    lifecycle = Self.lifecycle(limits, [:], 1, Moment(uptime: 0, wall: 0))
    startContainer(from: nil)
    for what in [Happening.weatherChanges, .clockJumps, .containerEnds, .personLooks, .dailyRestart] { plan(what) }
  }

  private static func lifecycle(
    _ limits: LoginLimits, _ budgets: [Mode: LoginBudget], _ seed: UInt64, _ now: Moment
  ) -> Lifecycle {
    var policy = GatewayPolicy()
    policy.loginLimits = limits
    var gateway = ServicePlan.gateway(.live, loginWithin: 360_000)
    if seed % 2 == 0 { gateway.stopSteps[0] = StopStep(.pause, 70_000) }
    return Lifecycle(
      plans: [gateway], policy: policy, budgets: budgets, stopTimeout: 110_000, seed: seed, at: now)
  }

  private var now: Moment { Moment(uptime: truth - bootedAt, wall: truth + clockOff) }

  mutating func chance(_ percent: Int64) -> Bool { random.below(100) < percent }

  mutating func fails(_ what: String) { if violation == nil { violation = what } }

  private mutating func count(_ what: String) {
    seen[what, default: 0] += 1
    trace?.append("\(truth / Self.minute) min: \(what)\(isOrdered ? ", ordered" : "")\(isRestart ? ", restart" : "")")
  }

  // MARK: Time

  mutating func pass(days: Int64) {
    let end = truth + days * Self.day
    while truth < end && violation == nil {
      let wake = lifecycle.nextWake.map { $0 + bootedAt } ?? .max
      let next = future.map(\.time).min() ?? .max
      truth = max(truth, min(wake, next))
      if next <= wake {
        let index = future.firstIndex { $0.time == next }!
        happens(future.remove(at: index).what)
      } else {
        tell(.timePassed)
      }
    }
  }

  private mutating func plan(_ what: Happening, in delay: Int64) { future.append((truth + max(1, delay), what)) }

  /// The next of what happens again and again.
  private mutating func plan(_ what: Happening) {
    switch what {
    case .weatherChanges: plan(what, in: Self.minute * (10 + random.below(600)))
    case .clockJumps: plan(what, in: Self.minute * (60 + random.below(6000)))
    case .containerEnds: plan(what, in: chance(30) ? Self.minute * random.below(8) : Self.minute * random.below(3000))
    case .personLooks: plan(what, in: Self.minute * (30 + random.below(900)))
    case .dailyRestart: plan(what, in: Self.day)
    case .java, .javaStarts, .ended, .leaderEnded: break
    }
  }

  // MARK: The container

  private mutating func startContainer(from record: LoginRecord?) {
    var budgets: [Mode: LoginBudget] = [:]
    if let record {
      if chance(3) {
        // A file that cannot be read: what went before is known to nobody, and only its being there counts.
        budgets[.live] = .unreadable(limits, at: now)
        (attempts, restartLogins) = ([truth], [])
        count("corrupt file")
      } else if let budget = record.budget(boot: "\(boots)", at: now) {
        budgets[.live] = budget
      } else {
        fails("an honest record was not read")
      }
    }
    lifecycle = Self.lifecycle(limits, budgets, random.next(), now)
    tell(.begin)
  }

  private mutating func endContainer() {
    if chance(70) {
      // Who stops a gateway that is logged in and starts it again wants the login.
      let wasLoggedIn = isLoggedIn || isRestart
      defer { isOrdered = isOrdered || wasLoggedIn }
      tell(.stopRequested(by: "TERM"), isStop: true)
      var steps = 0
      while case .stopping = lifecycle.phase, steps < 1000 {
        steps += 1
        let wake = lifecycle.nextWake.map { $0 + bootedAt } ?? .max
        let next = future.filter { isProcess($0.what) }.map(\.time).min() ?? .max
        truth = max(truth, min(wake, next))
        if next <= wake {
          happens(future.remove(at: future.firstIndex { $0.time == next && isProcess($0.what) }!).what)
        } else {
          tell(.timePassed, isStop: true)
        }
      }
    } else {
      count("power cut")
    }
    (leads, lives, isLoggedIn, isRestart) = (false, false, false, false)
    runsForNothing = 0
    run += 1
    java += 1
    if chance(15) {
      // Another boot of the machine, its clock right or behind.
      boots += 1
      bootedAt = truth - random.below(60_000)
      if chance(50) { clockOff -= random.below(400) * Self.day }
      if let record, now.wall - record.written.wall > truth - recordedAt {
        // A power cut, a boot and a clock that is ahead of all that: nothing is left to tell how old the record is.
        (attempts, restartLogins) = ([], [])
        count("lost time")
      }
    }
    startContainer(from: record)
    count("container")
  }

  private func isProcess(_ what: Happening) -> Bool {
    switch what {
    case .java, .javaStarts, .ended, .leaderEnded: true
    case .weatherChanges, .clockJumps, .containerEnds, .personLooks, .dailyRestart: false
    }
  }

  private mutating func tell(_ event: Event, isStop: Bool = false) {
    for action in lifecycle.handle(event, at: now) { carryOut(action, isStop: isStop) }
  }

  private mutating func say(_ said: GatewayEvent) { tell(.service(live, .gateway(said))) }

  private mutating func carryOut(_ action: Action, isStop: Bool) {
    let isTold = isStop || lifecycle.phase != .running
    switch action {
    case .spawn:
      let wait = min(600_000, 30_000 << Int64(min(5, runsForNothing - 1)))
      let failedAt = lifecycle.gateway(.live)?.budget.charges.last.map { $0.at + bootedAt } ?? truth
      if runsForNothing > 0 && !isOrdered && truth - failedAt < wait {
        fails("tried again \(truth - failedAt) ms after \(runsForNothing) logins for nothing")
      }
      hasTried = false
      run += 1
      (leads, lives) = (true, false)
      plan(.javaStarts(run: run), in: 500)
      tell(.service(live, .spawned(pid: Int32(run))))
    case .ask, .pause, .killLeader, .terminate, .kill:
      if isLoggedIn && !isTold { fails("a gateway that is logged in is ended: \(action)") }
      switch action {
      case .killLeader: plan(.leaderEnded(run: run), in: 1)
      case .ask: if lives { plan(.java(java, .halts(0)), in: 2000) }
      case .pause: if lives { plan(.java(java, .halts(0)), in: 61_000) }
      case .terminate: if lives { plan(.java(java, .halts(143)), in: 800) }
      default: plan(.ended(run: run, .signal(9)), in: 1)
      }
    case .log(_, _, let text): trace?.append("\(truth / Self.minute) min:     \(text)")
    case .persist(_, let budget):
      recordedAt = truth
      record = LoginRecord(budget, boot: "\(boots)", at: now)
    default: break
    }
  }

  // MARK: What happens

  private mutating func happens(_ what: Happening) {
    switch what {
    case .weatherChanges:
      let kinds = Weather.allCases
      weather = chance(40) ? .fine : kinds[Int(random.below(Int64(kinds.count)))]
      count("\(weather)")
      plan(what)
    case .clockJumps:
      clockOff += [-3650, -1, 1, 3650][Int(random.below(4))] * Self.day
      count("clock jump")
      tell(.timePassed)
      plan(what)
    case .containerEnds:
      endContainer()
      plan(what)
    case .personLooks:
      if chance(50), case .success(let actions) = lifecycle.resume(nil, at: now) {
        isOrdered = true
        runsForNothing = 0
        count("resume")
        for action in actions { carryOut(action, isStop: false) }
      }
      plan(what)
    case .dailyRestart:
      if lives && isLoggedIn {
        count("daily restart")
        isRestart = true
        javaEnds(0, again: true)
      }
      plan(what)
    case .javaStarts(let run):
      if run == self.run && leads && !lives { javaStarts() }
    case .leaderEnded(let run):
      guard run == self.run && leads else { return }
      leads = false
      lives ? tell(.service(live, .leaderEnded(.signal(9)))) : end(.signal(9))
    case .ended(let run, let exit): if run == self.run { end(exit) }
    case .java(let java, let moment): if java == self.java && lives { goesOn(moment) }
    }
  }

  private mutating func end(_ exit: Exit) {
    guard leads || lives || lifecycle.record(live)?.state.hasProcess == true else { return }
    sessionEnds()
    if hasTried { runsForNothing += 1 }
    (leads, lives, isLoggedIn, isRestart) = (false, false, false, false)
    run += 1
    java += 1
    tell(.service(live, .ended(exit)))
  }

  private mutating func sessionEnds() {
    if isLoggedIn && truth - loggedInAt >= 10 * Self.minute { runsForNothing = 0 }
    isLoggedIn = false
  }

  private mutating func javaEnds(_ code: Int32, again: Bool) {
    sessionEnds()
    lives = false
    java += 1
    guard leads else { return end(.code(code)) }
    say(.javaEnded(code))
    guard leads && again else { return end(.code(code)) }
    plan(.javaStarts(run: run), in: 5)
  }

  private mutating func javaStarts() {
    lives = true
    java += 1
    attemptNumber = 0
    say(.javaStarting)
    if weather == .scriptLoop { return plan(.java(java, .halts(0)), in: 3000) }
    if weather == .noDialog { return plan(.java(java, .halts(88)), in: 61_000) }
    plan(.java(java, .windowOpens), in: 5000 + random.below(10_000))
  }

  private mutating func goesOn(_ moment: Happening.Moment) {
    switch moment {
    case .windowOpens:
      if isRestart && chance(85) { return logIn() }
      attempt()
    case .relogin: attempt()
    case .result: result()
    case .crash:
      if weather == .restartLoop {
        count("restart in a loop")
        isRestart = true
        javaEnds(0, again: true)
      } else {
        // Where the session had lasted ibcstart.sh may take it up again.
        let again = chance(20)
        isRestart = again && truth - loggedInAt >= 10 * Self.minute
        javaEnds(1, again: again)
      }
    case .halts(let code):
      if code == 88 { isOrdered = false }
      javaEnds(code, again: code == 88 || weather == .scriptLoop || weather == .wrongPassword)
    }
  }

  private mutating func attempt() {
    attemptNumber += 1
    var mustEnd = false
    let isOfRestart = isRestart && !isOrdered
    // What ibcstart.sh begins in the middle of a stop nobody could keep from beginning.
    let isTold = lifecycle.phase != .running
    if isTold {
      count("attempt in a stop")
    } else if isOfRestart {
      restartLogins = restartLogins.filter { $0 > truth - LoginLimits.day } + [truth]
      // A cold restart and a daily one that has lost its session are all that a day brings.
      mustEnd = restartLogins.count > 2
    } else if !isOrdered {
      attempts.append(truth)
      for (limit, window) in [(limits.perHour, LoginLimits.hour), (limits.perDay, LoginLimits.day)] {
        let within = attempts.count { $0 > truth - window }
        if within > limit { fails("\(within) logins within \(window / Self.minute) min, limit \(limit), \(weather)") }
      }
      attempts.removeAll { $0 <= truth - LoginLimits.day }
    }
    (isOrdered, isRestart) = (false, false)
    count("attempt")
    hasTried = true
    say(.loginAttempt(attemptNumber))
    let isEnded = lifecycle.record(live)?.state == .stopping
    if mustEnd && !isEnded { fails("it restarts with a login again and again") }
    // One that is ended before anything comes of it is none; where a boot has hidden how old the others are it is ended early.
    if isOfRestart && !isTold && isEnded { restartLogins.removeLast() }
    if lives { plan(.java(java, .result), in: weather == .away ? 180_000 : 4000 + random.below(40_000)) }
  }

  private mutating func result() {
    switch weather {
    case .fine, .crashLoop, .restartLoop, .scriptLoop, .noDialog: logIn()
    case .duel:
      say(.otherSession(.takesOver))
      if lives { plan(.java(java, .halts(0)), in: 500) }
    case .away:
      if chance(30) { return javaEnds(87, again: false) }
      say(.secondFactorMissed("the second factor was not given in time"))
      if lives && chance(50) { plan(.java(java, .relogin), in: 5000) }
    case .wrongPassword:
      say(.loginFailed("IBKR does not know the user name or the password"))
      if lives { plan(.java(java, .halts(0)), in: 300) }
    case .throttled: say(.tooManyFailures(wait: 287))
    case .stuck: break
    }
  }

  private mutating func logIn() {
    isLoggedIn = true
    isRestart = false
    isOrdered = false
    count("login")
    say(.loginCompleted)
    loggedInAt = truth
    let patience =
      switch weather {
      case .crashLoop: chance(70) ? 20_000 + random.below(40_000) : Self.minute * (1 + random.below(90))
      case .restartLoop: 20_000 + random.below(40_000)
      default: Self.minute * (1 + random.below(9000))
      }
    plan(.java(java, .crash), in: patience)
  }
}
