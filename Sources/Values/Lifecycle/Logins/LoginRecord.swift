/// A login budget as it is written beside the settings, so that a restart of the container does not forget what was spent.
///
/// Its times are of the wall clock at the moment of the writing, and so can be read by a person. Read again in the same boot of the
/// machine they are taken by their distance on the clock that never jumps; only after another boot the wall clock has to be
/// believed, and then at the most for what cannot do harm: a time to come counts as now.
public struct LoginRecord: Sendable, Hashable, Codable {
  /// A login that was for nothing.
  public struct Charge: Sendable, Hashable, Codable {
    /// When it failed, in ms since 1970.
    public var at: Int64
    /// Why, in words.
    public var why: String
    /// What became of it; nil: it failed.
    public var kind: LoginBudget.ChargeKind?
  }

  /// The form of this record; others are not understood.
  public var format = Self.currentFormat
  /// The machine's boot in which it was written.
  public var boot: String
  /// When it was written.
  public var written: Moment
  /// What was charged within a day before, the oldest first.
  public var charges: [Charge]
  /// Since when a login was under way, in ms since 1970.
  public var attemptSince: Int64?
  /// Before which no login is to be tried, in ms since 1970.
  public var notBefore: Int64?
  /// Until when IBKR asks to wait, in ms since 1970.
  public var askedUntil: Int64?
  /// Why none is to be tried until a person asks for one.
  public var hold: String?
  /// When restarts that are known of have needed a login, in ms since 1970; nil: never.
  public var restartLogins: [Int64]?
  /// When the last stop began, in ms since 1970.
  public var stoppedAt: Int64?
  /// Whether the gateway was logged in and had not been told to stop.
  public var hasSession: Bool

  /// The form that is written.
  public static let currentFormat = 1
  /// The longest wait that is believed, in milliseconds: IBKR asks for minutes.
  static let longestWait: Int64 = 3_600_000
  /// More charges than any limit allows are no honest record.
  static let mostCharges = 1000

  /// The record of a budget at `now`, in the machine's present boot.
  public init(_ budget: LoginBudget, boot: String, at now: Moment) {
    func wall(_ uptime: Int64) -> Int64 { now.wall + uptime - now.uptime }
    self.boot = boot
    written = now
    charges = budget.charges.map { Charge(at: wall($0.at), why: $0.why, kind: $0.kind) }
    attemptSince = budget.attemptSince.map(wall)
    notBefore = budget.notBefore.map(wall)
    askedUntil = budget.askedUntil.map(wall)
    hold = budget.hold
    restartLogins = budget.restartLogins.isEmpty ? nil : budget.restartLogins.map(wall)
    stoppedAt = budget.stoppedAt
    hasSession = budget.hasSession
  }

  /// The budget again, at `now` of the present boot; nil when the record cannot be what was written.
  public func budget(boot: String, at now: Moment) -> LoginBudget? {
    let times =
      [written.wall, written.uptime, stoppedAt, attemptSince, notBefore, askedUntil].compactMap(\.self)
      + charges.map(\.at)
      + (restartLogins ?? [])
    let sane = -(Int64(1) << 53)...(Int64(1) << 53)
    guard format == Self.currentFormat, charges.count <= Self.mostCharges, times.allSatisfy(sane.contains) else {
      return nil
    }
    let passed = max(0, boot == self.boot ? now.uptime - written.uptime : now.wall - written.wall)
    func uptime(_ wall: Int64) -> Int64 { now.uptime - passed - max(0, written.wall - wall) }
    func believed(_ wall: Int64) -> Int64 { now.uptime - passed + min(wall - written.wall, Self.longestWait) }
    var budget = LoginBudget()
    budget.charges = charges.map { .init(at: uptime($0.at), why: $0.why, kind: $0.kind ?? .failed) }.sorted {
      $0.at < $1.at
    }
    if let attemptSince {
      let begun = uptime(attemptSince)
      budget.charges.append(.init(at: max(begun, budget.charges.last?.at ?? .min), why: Self.cutOff))
      budget.wait(until: begun + LoginBudget.shortestWait, at: now.uptime)
    } else if hasSession {
      let why = "the container ended without a stop, and the session with it"
      budget.charges.append(.init(at: now.uptime, why: why, kind: .lost))
    }
    budget.charges.removeAll { $0.at <= now.uptime - LoginLimits.day }
    budget.failures = budget.charged(within: LoginLimits.hour, at: now.uptime)
    if let notBefore {
      budget.wait(until: believed(notBefore), at: now.uptime)
    }
    if let askedUntil, believed(askedUntil) > now.uptime { budget.wait(asked: believed(askedUntil)) }
    budget.restartLogins = (restartLogins ?? []).suffix(LoginBudget.restartLoginsBorne).map(uptime)
    budget.hold = hold
    budget.stoppedAt = stoppedAt
    return budget
  }

  private static let cutOff = "the container ended while the login was under way"
}

extension LoginBudget {
  /// The wait after a first failure, in milliseconds.
  static let shortestWait: Int64 = 30_000

  fileprivate mutating func wait(until time: Int64, at now: Int64) {
    if time > now { notBefore = max(notBefore ?? .min, time) }
  }

  /// The budget where a record was there and could not be read: as if all that the limits let through had just been spent, since
  /// nothing tells what was.
  public static func unreadable(_ limits: LoginLimits, at now: Moment) -> LoginBudget {
    var budget = LoginBudget()
    let charge = Charge(at: now.uptime, why: "its record could not be read", kind: .unknown)
    budget.charges = Array(repeating: charge, count: max(limits.perHour, limits.perDay))
    budget.failures = 1
    budget.notBefore = now.uptime + shortestWait
    return budget
  }
}
