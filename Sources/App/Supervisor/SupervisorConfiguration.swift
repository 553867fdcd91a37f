import Lifecycle
import Settings
import Trading

/// What a supervisor is made of.
public struct SupervisorConfiguration: Sendable {
  /// The services in the order in which they are considered for a start.
  public var services: [ServiceDefinition]
  /// What follows when a gateway has ended by itself.
  public var onGatewayExit: GatewayExitPolicy
  /// The user's wishes that the gateways' decisions depend on.
  public var policy: GatewayPolicy
  /// Where alerts go.
  public var alerts: AlertTargets
  /// The folder in which what the logins cost outlives the container; nil: nothing outlives it.
  public var loginFolder: String?
  /// The gateways' settings folders, in which they leave their sessions.
  public var settingsFolders: [Mode: String]
  /// What the gateways do by themselves at a time of day.
  public var timetable = Timetable()
  /// How the tailnet is reached; nil where there is none.
  public var tailnet: TailnetAccess?
  /// How long the whole stop may take, in milliseconds.
  public var stopTimeout: Int64
  /// The folder of the control socket; it exists.
  public var runDirectory: String
  /// The program's version, for the status.
  public var version: String
  /// What is masked in every line.
  public var redaction: Redaction
  /// How lines look, and which are written.
  public var logFormat: LogFormat
  /// The least severity that is written.
  public var logThreshold: Severity
  /// What is done on HUP: everything that can be rendered is rendered again. It returns what to say and which services to restart.
  public var reload: @Sendable () -> Reload

  /// What a reload has read and done.
  public struct Reload: Sendable {
    /// What is masked from now on, besides what was before.
    public var redaction: Redaction
    /// What came of it.
    public var outcomes: [ReloadOutcome]

    /// A reload.
    public init(redaction: Redaction, outcomes: [ReloadOutcome]) {
      self.redaction = redaction
      self.outcomes = outcomes
    }
  }

  /// What came of a reload for one file or service.
  public struct ReloadOutcome: Sendable {
    /// What to say, and how much it matters.
    public var severity: Severity
    /// The sentence.
    public var sentence: String
    /// A service that has to be restarted to take it in, where it can be without harm.
    public var restart: ServiceName?
    /// Whether the relay has to read the list of callers again.
    public var rereadsCallers: Bool

    /// An outcome.
    public init(
      _ severity: Severity, _ sentence: String, restart: ServiceName? = nil, rereadsCallers: Bool = false
    ) {
      self.severity = severity
      self.sentence = sentence
      self.restart = restart
      self.rereadsCallers = rereadsCallers
    }
  }

  /// A configuration with everything given.
  public init(
    services: [ServiceDefinition], onGatewayExit: GatewayExitPolicy, policy: GatewayPolicy = GatewayPolicy(),
    alerts: AlertTargets = AlertTargets(), loginFolder: String? = nil, settingsFolders: [Mode: String] = [:],
    stopTimeout: Int64, runDirectory: String,
    version: String, redaction: Redaction, logFormat: LogFormat, logThreshold: Severity,
    reload: @escaping @Sendable () -> Reload
  ) {
    self.services = services
    self.onGatewayExit = onGatewayExit
    self.policy = policy
    self.alerts = alerts
    self.loginFolder = loginFolder
    self.settingsFolders = settingsFolders
    self.stopTimeout = stopTimeout
    self.runDirectory = runDirectory
    self.version = version
    self.redaction = redaction
    self.logFormat = logFormat
    self.logThreshold = logThreshold
    self.reload = reload
  }
}
