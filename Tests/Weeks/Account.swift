import Lifecycle

/// IBKR's side of one user, by rules of its own: a session lasts until Sunday 01:00 Eastern time, logins that fail in a row are
/// throttled, and too many within a day lock the account. All times are the world's true ones.
struct Account {
  /// The true wall clock's ms since 1970 at the world's time 0.
  static let epoch: Int64 = 1_700_000_000_000
  private static let lockingFailures = 10

  /// Until when the session of the last whole login can be taken up again.
  private(set) var sessionUntil: Int64 = 0
  private(set) var failures: [Int64] = []
  /// The gateway has left its session for the next start.
  var isKept = false
  /// The next login is a person's.
  var isOrdered = false
  /// The next login is the one of a restart that is known of.
  var isRestart = false
  /// Logins that nobody has asked for.
  private(set) var unasked: [Int64] = []
  private var lastIsUnasked = false

  func canTakeUp(at time: Int64) -> Bool { time < sessionUntil }

  mutating func logsIn(at time: Int64) {
    sessionUntil = IBKRCalendar.nextWeeklyLogin(after: Self.epoch + time) - Self.epoch
  }

  /// A login is tried. Returns what is wrong about that.
  mutating func attempt(at time: Int64, _ limits: LoginLimits) -> String? {
    defer { (isOrdered, isRestart) = (false, false) }
    lastIsUnasked = !isOrdered && !isRestart
    if isOrdered || isRestart { return nil }
    unasked.append(time)
    unasked.removeAll { $0 <= time - 86_400_000 }
    for (limit, window) in [(limits.perHour, 3_600_000), (limits.perDay, 86_400_000)] as [(Int, Int64)] {
      let count = unasked.count { $0 > time - window }
      if count > limit {
        return "\(count) logins within \(window / 60_000) min that nobody asked for; the limit is \(limit)"
      }
    }
    return nil
  }

  /// A person ends the session: its login was not for nothing.
  mutating func endsByOrder() {
    if lastIsUnasked && !unasked.isEmpty { unasked.removeLast() }
    lastIsUnasked = false
  }

  /// A login fails; `isUnasked` when nobody had asked for it. Returns whether that locks the account.
  mutating func fails(at time: Int64) -> Bool {
    failures.removeAll { $0 <= time - 86_400_000 }
    failures.append(time)
    return failures.count >= Self.lockingFailures
  }

  /// IBKR lets nobody in for some minutes after three failures within a quarter of an hour.
  func isThrottled(at time: Int64) -> Bool { failures.count { $0 > time - 900_000 } >= 3 }

  /// Nothing is left that could tell how old what was spent is.
  mutating func forgetSpent() { (unasked, lastIsUnasked) = ([], false) }
}
