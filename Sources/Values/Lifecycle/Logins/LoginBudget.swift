/// What one gateway's logins have cost lately, and when the next one may be tried.
///
/// A login is charged when it has failed, when it was not completed, and when the session that it brought was lost without anybody
/// asking for that: each of these makes another one necessary. What is charged is forgotten by time alone, so that no run of luck in
/// between lets more logins through than the limits say. An order of a person brings one login at once, whatever was charged; only a
/// wait that IBKR itself asks for is waited for even then. The back-off starts anew when a session has lasted, or a person has asked:
/// a login that was completed and lost within minutes has brought nothing.
///
/// All its times are milliseconds of the clock that never jumps; ``LoginRecord`` is its form on the disk.
public struct LoginBudget: Sendable, Hashable, Codable {
  /// A login that was for nothing.
  public struct Charge: Sendable, Hashable, Codable {
    /// When it failed.
    public var at: Int64
    /// Why, in words.
    public var why: String
    /// What became of it.
    public var kind = ChargeKind.failed
  }

  /// What became of a login that is charged.
  public enum ChargeKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// It failed, or was not completed.
    case failed
    /// It was completed, and the gateway ended by itself before the session had lasted.
    case crashed
    /// Its session had lasted, and was lost without anybody asking for that.
    case lost
    /// Nothing is known of it: what was written down about it cannot be read.
    case unknown
  }

  /// What was charged within a day, the oldest first.
  public internal(set) var charges: [Charge] = []
  /// Since when a login is under way that has neither been completed nor failed.
  public internal(set) var attemptSince: Int64?
  /// Before this no login is tried: the back-off, or IBKR's own wait.
  public internal(set) var notBefore: Int64?
  /// Before this none is tried even where a person asks for one: IBKR's own wait.
  public internal(set) var askedUntil: Int64?
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
  /// When the present java's session began, and how long the last one was when its java ended.
  var completedAt: Int64?
  var lasted: Int64?
  /// When a restart that is known of needed a login.
  var restartLogins: [Int64] = []
  /// When java was restarted inside ibcstart.sh since a session last lasted, and when another session took over.
  var restarts: [Int64] = []
  var takeovers: [Int64] = []
  /// When the last stop began, in ms since 1970.
  public internal(set) var stoppedAt: Int64?

  /// A budget of which nothing is spent.
  public init() {}

  /// How long a session that was taken over is remembered, and how long a restart inside ibcstart.sh.
  static let takeoverMemory: Int64 = 600_000
  static let restartMemory: Int64 = 60_000
  /// How long a session has to last, in milliseconds, before its end starts the back-off anew: as long as the longest back-off.
  static let lasting: Int64 = 600_000
  /// How many logins of known restarts a day needs at the most: a cold restart on Sunday, and a daily one that has lost its session.
  static let restartLoginsBorne = 2
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

  /// Which limit is spent and by what, in words.
  func spentWords(_ limits: LoginLimits, at now: Int64) -> String {
    let isDay = charged(within: LoginLimits.day, at: now) >= limits.perDay
    let window = isDay ? LoginLimits.day : LoginLimits.hour
    let kinds = charges.filter { $0.at > now - window }.map(\.kind)
    if kinds.contains(.unknown) {
      return "the record of earlier logins could not be read, so that they may have spent all"
    }
    let within = "within \(isDay ? "a day" : "an hour")"
    if kinds.allSatisfy({ $0 == .crashed }) {
      return "the gateway crashed soon after login \(kinds.count == 1 ? "once" : "\(kinds.count) times") \(within)"
    }
    let logins = kinds.count == 1 ? "1 login" : "\(kinds.count) logins"
    let what = kinds.allSatisfy { $0 == .failed } ? "failed" : kinds.count == 1 ? "was for nothing" : "were for nothing"
    return "\(logins) \(what) \(within)"
  }
}
