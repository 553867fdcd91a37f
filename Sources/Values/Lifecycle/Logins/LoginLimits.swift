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
