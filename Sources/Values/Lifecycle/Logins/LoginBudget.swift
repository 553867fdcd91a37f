/// How many failed logins are borne before the next one waits. IBKR throttles logins, and locks an account for a day after too many.
public struct LoginLimits: Sendable, Hashable, Codable {
  /// In any hour.
  public var perHour: Int
  /// In any day.
  public var perDay: Int

  /// Limits, each at least 1.
  public init(perHour: Int = 3, perDay: Int = 5) {
    self.perHour = max(1, perHour)
    self.perDay = max(1, perDay)
  }

  static let hour: Int64 = 3_600_000
  static let day: Int64 = 86_400_000
}

/// What one gateway's logins have cost lately, and when the next one may be tried.
///
/// A login is charged when it has failed, when it was not completed, and when the session that it brought was lost without anybody
/// asking for that: each of these makes another one necessary. What is charged is forgotten by time alone, so that no run of luck in
/// between lets more logins through than the limits say. An order of a person brings one login at once, whatever was charged.
///
/// All its times are milliseconds of the clock that never jumps; ``LoginRecord`` is its form on the disk.
public struct LoginBudget: Sendable, Hashable, Codable {
  /// A login that was for nothing.
  public struct Charge: Sendable, Hashable, Codable {
    /// When it failed.
    public var at: Int64
    /// Why, in words.
    public var why: String
  }

  /// What was charged within a day, the oldest first.
  public internal(set) var charges: [Charge] = []
  /// Since when a login is under way that has neither been completed nor failed.
  public internal(set) var attemptSince: Int64?
  /// Before this no login is tried: the back-off, or IBKR's own wait.
  public internal(set) var notBefore: Int64?
  /// Why no login is tried until a person asks for one.
  public internal(set) var hold: String?

  /// Failures in a row and the wait that the last one brought.
  var failures = 0
  var lastDelay: Int64 = 0
  /// A person has asked for the next login.
  var isGranted = false
  /// The login that is under way needs no room in the limits: a person has asked for it, or a restart that is known of.
  var isAttemptGranted = false
  /// The failure of the present java's login is in the charges already.
  var isCharged = false
  /// A login has brought a session that is not known to be lost.
  var hasSession = false
  /// When java was restarted inside ibcstart.sh without having logged in, and when another session took over.
  var restarts: [Int64] = []
  var takeovers: [Int64] = []
  /// When the last stop began, in ms since 1970.
  public internal(set) var stoppedAt: Int64?

  /// A budget of which nothing is spent.
  public init() {}

  /// How long a session that was taken over is remembered, and how long a restart inside ibcstart.sh.
  static let takeoverMemory: Int64 = 600_000
  static let restartMemory: Int64 = 60_000
  /// How many of each are too many.
  static let takeoversBorne = 1
  static let restartsBorne = 2

  /// How many logins are charged within the last `window` milliseconds.
  public func charged(within window: Int64, at now: Int64) -> Int { charges.count { $0.at > now - window } }

  /// When the next login may be tried because enough of the charges are old by then; nil when the limits let one through now.
  public func reopens(_ limits: LoginLimits, at now: Int64) -> Int64? {
    let windows = [(limits.perHour, LoginLimits.hour), (limits.perDay, LoginLimits.day)]
    return windows.compactMap { limit, window in
      let counted = charges.filter { $0.at > now - window }
      return counted.count < limit ? nil : counted[counted.count - limit].at + window
    }.max()
  }

  /// Which limit is spent, in words.
  func spentWords(_ limits: LoginLimits, at now: Int64) -> String {
    let (hour, day) = (charged(within: LoginLimits.hour, at: now), charged(within: LoginLimits.day, at: now))
    return day >= limits.perDay ? "\(day) logins failed within a day" : "\(hour) logins failed within an hour"
  }

  // MARK: What happens to a login

  /// A login is charged, and the next one waits. `leastWait`: what IBKR asks for, in milliseconds.
  mutating func charge(
    _ why: String, at now: Int64, backOff: BackOff, leastWait: Int64 = 0, random: inout SeededGenerator
  ) {
    charges.removeAll { $0.at <= now - LoginLimits.day }
    charges.append(Charge(at: now, why: why))
    attemptSince = nil
    isCharged = true
    isGranted = false
    hasSession = false
    failures += 1
    lastDelay = backOff.delay(failures: failures, previous: lastDelay, random: &random)
    notBefore = max(notBefore ?? .min, now + max(lastDelay, leastWait))
  }

  /// A login is under way.
  mutating func begin(at now: Int64) {
    attemptSince = now
    isCharged = false
    isAttemptGranted = isGranted || hasSession
    isGranted = false
  }

  /// The login was completed.
  mutating func complete() {
    attemptSince = nil
    notBefore = nil
    isGranted = false
    isCharged = false
    hasSession = true
    failures = 0
    lastDelay = 0
    restarts = []
  }

  /// A person asks for a login.
  mutating func grant() {
    isGranted = true
    hold = nil
    notBefore = nil
    failures = 0
    lastDelay = 0
    takeovers = []
  }

  /// A stop begins, at `wall` ms since 1970: what it ends is not lost, and a session that was left before it is of no use any more.
  mutating func stop(at wall: Int64) {
    hasSession = false
    stoppedAt = wall
  }

  /// java was restarted inside ibcstart.sh without a login. Returns whether that makes a loop.
  mutating func restarted(at now: Int64) -> Bool {
    restarts.removeAll { $0 <= now - Self.restartMemory }
    restarts.append(now)
    return restarts.count > Self.restartsBorne
  }

  /// Another session of the same user has taken over. Returns whether that makes a duel.
  mutating func takenOver(at now: Int64) -> Bool {
    takeovers.removeAll { $0 <= now - Self.takeoverMemory }
    takeovers.append(now)
    return takeovers.count > Self.takeoversBorne
  }
}
