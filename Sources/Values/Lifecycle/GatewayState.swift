import Trading

/// The state of one gateway in the words of the person who trades through it.
public enum GatewayState: String, Sendable, Hashable, Codable, CaseIterable {
  /// It is being started, or will be as soon as what it needs is there.
  case starting
  /// The login window is open and nobody has logged in.
  case waitingForLogin = "waiting-for-login"
  /// A person has to confirm the second factor.
  case waitingFor2FA = "waiting-for-2fa"
  /// The login is under way, or complete while the API is not up yet.
  case loggingIn = "logging-in"
  /// A new client can connect and is answered.
  case serving
  /// Clients are answered, and IBKR is not reached.
  case disconnectedFromIBKR = "disconnected-from-ibkr"
  /// It has served and answers nobody any more, though it runs.
  case wedged
  /// Clients that were connected go on; new ones are not answered.
  case degraded
  /// It ends and comes back by itself: the daily restart, or another try after its end.
  case restarting
  /// It is not started, or not let through to clients, until a person says so.
  case loginHold = "login-hold"
  /// It was told to stop.
  case stopped

  /// Whether a person has to do something before it can serve.
  public var needsPerson: Bool { self == .waitingFor2FA || self == .waitingForLogin || self == .loginHold }
}

/// How far the login of the present java has come, as IBC tells it.
enum LoginPhase: Sendable, Hashable, Codable {
  case none
  case attempting
  case secondFactor
  /// It was refused, for this reason, and java has neither ended nor begun another one.
  case refused(String)
  case completed
}

/// What is known of one gateway beyond its process.
public struct GatewayRecord: Sendable, Hashable, Codable {
  /// Its trading mode.
  public let mode: Mode
  /// Its state, since when and why.
  public internal(set) var state = GatewayState.starting
  /// Since when it is in that state.
  public internal(set) var since: Moment
  /// Why, in words.
  public internal(set) var why = ""
  /// What the probe said last; nil before its first word about the present java.
  public internal(set) var observation: ProbeReport?
  /// How many logins were tried, completed and failed since the supervisor started.
  public internal(set) var logins = Logins()

  var phase = LoginPhase.none
  var phaseSince: Moment
  /// The present java has served at least once.
  var hasServed = false
  /// java has ended and ibcstart.sh starts it again.
  var isKnownRestart = false
  /// The window's title says that it logged in to the other mode.
  var wrongMode = false
  /// What the relay was told last: whether to listen.
  var relayOrder: RelayOrder?
  var remedy = Remedy()
  var alerts = AlertBook()
  /// What was said about another session of the same user; empty when there is none.
  var otherSession = ""
  /// What the logins have cost.
  public internal(set) var budget = LoginBudget()
  /// The uptime in ms at which time alone changes the state.
  var reviewAt: Int64?
  /// The wall clock's ms of the last completed login.
  var loggedInAt: Int64?

  /// Counts of logins.
  public struct Logins: Sendable, Hashable, Codable {
    /// Tried.
    public var attempts = 0
    /// Completed.
    public var completed = 0
    /// For nothing: failed, never completed, or lost with their session.
    public var failed = 0
  }

  init(mode: Mode, now: Moment) {
    self.mode = mode
    since = now
    phaseSince = now
  }
}

/// What the relay is told about one gateway's listener.
public enum RelayOrder: String, Sendable, Hashable, Codable {
  /// Listen.
  case open
  /// Do not listen, and close who is connected.
  case closed
  /// Look for the gateway's listener yourself: nobody else does at the moment.
  case automatic
}
