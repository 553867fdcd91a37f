import Trading

/// Something that a person must know of at once.
public struct Alert: Sendable, Hashable, Codable {
  /// What it is about.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The second factor has to be confirmed.
    case secondFactorWanted = "second-factor-wanted"
    /// Nobody has logged in.
    case loginWanted = "login-wanted"
    /// A login has failed.
    case loginFailed = "login-failed"
    /// The gateway is not started again, or not let through, until a person says so.
    case hold
    /// The gateway answers nobody though it runs.
    case wedged
    /// New clients are not answered.
    case degraded
    /// The gateway has no link to IBKR.
    case disconnected
    /// A restart takes longer than it should.
    case restartOverdue = "restart-overdue"
    /// The session ends on Sunday 01:00 Eastern time, within a day, and the next login needs a person.
    case weeklyLoginDue = "weekly-login-due"
    /// A person has to add the node to the tailnet, or approve it.
    case tailnetLoginWanted = "tailnet-login-wanted"
    /// The tailnet's control server does not take the key.
    case tailnetKeyRefused = "tailnet-key-refused"
    /// The node has to log in again within a week, or a day.
    case tailnetKeyExpiring = "tailnet-key-expiring"
    /// The tailnet cannot be used.
    case tailnetDown = "tailnet-down"
    /// What was alerted about is over.
    case backToNormal = "back-to-normal"
  }

  /// What it is about.
  public var kind: Kind
  /// Whose gateway; nil where it is about the tailnet.
  public var mode: Mode?
  /// The gateway's state, or the tailnet's, by its raw value.
  public var state: String
  /// What to know and to do, in one sentence.
  public var message: String
  /// When, in ms since 1970.
  public var at: Int64
  /// How often it was said before about the same trouble.
  public var repeated: Int
}

/// The alerts about one gateway that are due and that were sent.
struct AlertBook: Sendable, Hashable, Codable {
  /// What is to be said, and the uptime in ms at which it is.
  var pending: Alert.Kind?
  var dueAt: Int64?
  /// How often the present trouble has been said, and whether its end has to be.
  var sent = 0
  var isOutstanding = false
  /// The uptime of the last alert of each kind.
  var last: [Alert.Kind: Int64] = [:]
  /// The weekly login, in ms since 1970, that was announced last.
  var weeklyAnnounced: Int64 = 0
  /// The uptime at which the next one has to be announced.
  var weeklyDueAt: Int64?

  /// The least time between two alerts of one kind, and how long after each repetition the next one follows, in ms.
  /// `weeklyNotice`: how long before the weekly login it is announced.
  static let weeklyNotice: Int64 = 86_400_000
  static let spacing: Int64 = 600_000
  static let repetitions: [Int64] = [1_800_000, 7_200_000, 21_600_000, 43_200_000]
}
