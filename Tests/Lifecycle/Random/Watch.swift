import Trading

@testable import Lifecycle

/// What must be so after every event, whatever happened. It keeps a book of its own of what it has heard and seen, and holds the
/// lifecycle's against it.
struct Watch {
  /// Everything at the moment of one event: the lifecycle before and after it, and the processes before anything is done about it.
  struct Sight {
    let now: Moment
    let before: Lifecycle
    let after: Lifecycle
    let children: [Child?]
    let spawnsUnderWay: [Bool]

    /// A gateway has a process, or is about to have one.
    var gatewayLives: Bool {
      after.plans.indices.contains { after.plans[$0].mode != nil && (children[$0] != nil || spawnsUnderWay[$0]) }
    }
  }

  /// What the watch knows of one service.
  struct Book {
    /// There is a reason to end its present process: an order, a deadline that it has missed, the stop.
    var mayBeTouched = false
    /// Its present process has been told to end, or its command server was asked.
    var wasTold = false
    /// Its share of the stop was over before the process was there: what comes then is killed at once.
    var isOutOfTime = false
    /// The uptime by which it has to be up.
    var mustBeUpBy: Int64?
    var upSince: Int64?
    var startedAt: Int64?
    /// Failures in a row and the last wait that they brought, as seen.
    var failures = 0
    var lastWait: Int64 = 0
    /// Logins that were for nothing since a session has lasted or a person has asked for a login.
    var loginFailures = 0
    /// When restarts of a gateway that was logged in have needed a login.
    var restartLogins: [Int64] = []
    /// No start before this uptime, unless a person asks for it.
    var waitsUntil: Int64 = .min
    /// Logins that nobody asked for, and that no restart of a gateway which was logged in has brought.
    var attempts: [Int64] = []
    /// The next login is a person's, or that of such a restart.
    var isAttemptOrdered = false
    var isAttemptOfRestart = false
    var javaStarts: [Int64] = []
    /// A login has failed since the gateway was last up, or another session has taken over more than once.
    var hasTrouble = false
    var takeovers: [Int64] = []

    mutating func forget() {
      failures = 0
      lastWait = 0
    }

    /// A person asks for the next login.
    mutating func orderLogin() {
      isAttemptOrdered = true
      loginFailures = 0
    }
  }

  /// What a run has to come across, so that the rules were put to the test.
  enum Sighting: CaseIterable {
    case backOff, degraded, heldGateway, lateLogin, lostShell, javaBackInStop, lateStart, displayRefused
    case gatewayAsked, javaTold, hurried, killedByThirdTerm, timeIsUp, leftToKernel, heldUpByKernel, exitOfGateway
  }

  /// What it has come across.
  var seen: Set<Sighting> = []
  /// The first thing that was wrong.
  private(set) var violation: String?
  /// With which code the lifecycle has ended.
  var exitCode: Int32?
  /// The uptime at which the stop has to be over, the patience after the last KILL included; and the code that it has to give.
  var stopMustEnd: Int64?
  var codeOfStop: Int32?

  let plans: [ServicePlan]
  let stopTimeout: Int64
  let limits: LoginLimits
  let xvfb: Int?
  var books: [Book]
  private(set) var terms = 0
  /// A service that has come up while it was being stopped.
  var mustTellNow: Int?

  /// A gateway whose login must not go on.
  var mustEndNow: Int?

  init(plans: [ServicePlan], stopTimeout: Int64, limits: LoginLimits) {
    self.limits = limits
    self.plans = plans
    self.stopTimeout = stopTimeout
    xvfb = plans.firstIndex { $0.name == "xvfb" }
    books = plans.map { _ in Book() }
  }

  mutating func fails(_ what: String) {
    if violation == nil { violation = what }
  }

  // MARK: What it hears

  mutating func hears(_ event: Event, _ now: Moment, _ before: Lifecycle) {
    switch event {
    case .begin, .timePassed, .observed, .traffic, .tailnet: break
    case .stopRequested: stopBegins(code: 0, now)
    case .supervisorFails: stopBegins(code: 70, now)
    case .service(let name, let event):
      if let place = before.places[name] { hears(event, place, now, before) }
    }
  }

  /// TERM, or the end of the last gateway where the container ends with it.
  mutating func stopBegins(code: Int32, _ now: Moment) {
    guard exitCode == nil else { return }
    terms += 1
    if terms == 1 && code != 0 { seen.insert(.exitOfGateway) }
    if terms == 2 { seen.insert(.hurried) }
    if terms == 3 { seen.insert(.killedByThirdTerm) }
    let patience =
      switch terms {
      case 1: stopTimeout + 1000
      case 2: min(stopTimeout, 1000 * Int64(plans.count + 1)) + 1000
      default: 1000 as Int64
      }
    stopMustEnd = min(stopMustEnd ?? .max, now.uptime + patience)
    codeOfStop = codeOfStop ?? code
  }

  private mutating func hears(_ event: ServiceEvent, _ place: Int, _ now: Moment, _ before: Lifecycle) {
    let state = before.records[place].state
    guard state.hasProcess else { return }
    switch event {
    case .spawned:
      if state == .stopping {
        seen.insert(.lateStart)
        books[place].wasTold = books[place].isOutOfTime
        mustTellNow = place
      }
      books[place].startedAt = now.uptime
      if plans[place].readiness == .whenStarted { books[place].upSince = now.uptime }
      books[place].mustBeUpBy = latest(place, now)
    case .ready, .gateway(.loginCompleted):
      guard state == .starting else { return }
      books[place].upSince = now.uptime
      books[place].mustBeUpBy = nil
      books[place].hasTrouble = false
      books[place].isAttemptOrdered = false
      books[place].isAttemptOfRestart = false
    case .gateway(let said):
      if state == .stopping && said == .javaStarting { seen.insert(.javaBackInStop) }
      if said == .otherSession(.takesOver) { countsTakeover(place, now, isTold: state == .stopping) }
      if state != .stopping { hears(said, place, now, isUp: state == .running) }
    case .ended(let exit):
      if state != .stopping && [.code(87), .code(88)].contains(exit) { books[place].isAttemptOrdered = false }
      books[place].isAttemptOfRestart = false
      forgetIfStable(place, now)
      books[place].upSince = nil
      books[place].mustBeUpBy = nil
    case .leaderEnded: if state != .stopping { seen.insert(.lostShell) }
    case .spawnFailed, .askFailed, .unresponsive, .suspended: break
    }
  }

  private mutating func hears(_ said: GatewayEvent, _ place: Int, _ now: Moment, isUp: Bool) {
    switch said {
    case .javaStarting:
      if !isUp { books[place].mustBeUpBy = latest(place, now) }
      // Two restarts within a minute may be chance.
      let recent = books[place].javaStarts.filter { $0 > now.uptime - 60_000 } + [now.uptime]
      books[place].javaStarts = recent
      if recent.count > 2 { books[place].hasTrouble = true }
    case .loginAttempt:
      if !isUp { books[place].mustBeUpBy = latest(place, now) }
      counts(place, now)
    case .javaEnded(let code):
      if !isUp || code == 88 { books[place].hasTrouble = true }
      if code == 87 || code == 88 { books[place].isAttemptOrdered = false }
      guard isUp else { return }
      forgetIfStable(place, now)
      // Soon after the login it may be a crash: what follows is no restart that is known of, and may be ended.
      let isCrash = code != 0 && now.uptime - (books[place].upSince ?? now.uptime) < Self.lasting
      if isCrash { books[place].hasTrouble = true }
      books[place].upSince = nil
      books[place].mustBeUpBy = latest(place, now)
      books[place].isAttemptOfRestart = !isCrash
    case .loginFailed, .tooManyFailures, .secondFactorMissed, .coldRestart:
      books[place].isAttemptOrdered = false
      books[place].hasTrouble = true
    case .secondFactorAsked, .secondFactorClosed, .loginCompleted, .mainWindow, .otherSession: break
    }
  }

  /// Another session has taken over, of whichever process of ours: the second time within ten minutes is a reason to end it.
  private mutating func countsTakeover(_ place: Int, _ now: Moment, isTold: Bool) {
    books[place].takeovers = books[place].takeovers.filter { $0 > now.uptime - 600_000 } + [now.uptime]
    if books[place].takeovers.count > 1 && !isTold { books[place].mayBeTouched = true }
  }

  /// A login is tried. What nobody asked for stays within the limits, whatever happened before.
  private mutating func counts(_ place: Int, _ now: Moment) {
    defer {
      books[place].isAttemptOrdered = false
      books[place].isAttemptOfRestart = false
    }
    if books[place].isAttemptOrdered || stopMustEnd != nil { return }
    if books[place].isAttemptOfRestart {
      // A cold restart and a daily one that has lost its session are all that a day brings.
      books[place].restartLogins = books[place].restartLogins.filter { $0 > now.uptime - 86_400_000 } + [now.uptime]
      guard books[place].restartLogins.count > 2 else { return }
      // One more is ended before anything comes of it.
      books[place].restartLogins.removeLast()
      books[place].hasTrouble = true
      mustEndNow = place
      return
    }
    books[place].attempts.append(now.uptime)
    for (limit, window) in [(limits.perHour, 3_600_000), (limits.perDay, 86_400_000)] as [(Int, Int64)] {
      let count = books[place].attempts.count { $0 > now.uptime - window }
      if count > limit { fails("\(plans[place].name) has tried \(count) logins within \(window / 60_000) min") }
    }
  }

  /// A person asks for the next login.
  mutating func hearsResume(_ places: [Int]) {
    for place in places {
      books[place].forget()
      books[place].waitsUntil = .min
      books[place].orderLogin()
    }
  }

  /// How long a session has to last until the back-off begins anew, in milliseconds.
  static var lasting: Int64 { 600_000 }

  private func latest(_ place: Int, _ now: Moment) -> Int64? {
    if case .whenReported(let within?) = plans[place].readiness { now.uptime + within } else { nil }
  }

  private mutating func forgetIfStable(_ place: Int, _ now: Moment) {
    guard let upSince = books[place].upSince else { return }
    if now.uptime - upSince >= Self.lasting { books[place].loginFailures = 0 }
    if now.uptime - upSince >= plans[place].backOff.resetAfter { books[place].forget() }
  }

  /// A person's order. A display is never taken from a gateway, and nothing is refused without a reason.
  mutating func hears(_ order: Order, _ name: ServiceName, isTaken: Bool, _ sight: Sight) {
    guard let place = sight.before.places[name] else {
      if isTaken { fails("an order to \(name), which is not there, was taken") }
      return
    }
    let takesDisplay = place == xvfb && order != .start && sight.gatewayLives
    if isTaken {
      if takesDisplay { fails("a gateway's display was taken away by order") }
      books[place].forget()
      books[place].waitsUntil = .min
      let willLogIn = order == .restart || order == .start && !takesUp(sight.before.records[place].state)
      if willLogIn { books[place].orderLogin() }
      if order != .start { books[place].mayBeTouched = true }
    } else if sight.before.phase == .running && plans[place].kind != .task && !takesDisplay {
      fails("\(order) \(name) was refused")
    } else if takesDisplay {
      seen.insert(.displayRefused)
    }
  }

  /// A service that runs, or will by itself: a start changes nothing for it.
  private func takesUp(_ state: ServiceState) -> Bool { [.waiting, .starting, .running].contains(state) }
}
