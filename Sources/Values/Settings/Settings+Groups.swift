import Trading

/// What `TRADING_MODE` may say.
enum TradingMode: String, CaseIterable, Sendable {
  case live
  case paper
  case both
}

/// What happens when a gateway has ended by itself.
public enum OnGatewayExit: String, CaseIterable, Sendable, Codable {
  /// It is started again, with back-off.
  case restart
  /// The container ends with the gateway's own exit code.
  case exit
}

/// A level of the log, the least important first.
public enum LogLevel: String, CaseIterable, Sendable, Codable, Comparable {
  case debug
  case info
  case warning
  case error

  /// By importance.
  public static func < (left: LogLevel, right: LogLevel) -> Bool {
    allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
  }
}

/// How a line of the log looks.
public enum LogFormat: String, CaseIterable, Sendable, Codable {
  case text
  case json
}

extension Settings {
  /// Where IBKR's program is installed and where it keeps its settings.
  public struct Installation: Sendable {
    /// The installation directory, `TWS_PATH`.
    public internal(set) var path = ""
    /// The version's directory name, such as `10.45.1j`.
    public internal(set) var version = ""
    /// The settings directory without a mode's suffix: `TWS_SETTINGS_PATH`, or else the installation directory.
    public internal(set) var settingsPath = ""
    /// The file name of jts.ini.
    public internal(set) var ini = ""
    /// The file name of its template, in the installation directory.
    public internal(set) var iniTemplate = ""

    /// The template's path.
    public var iniTemplatePath: String { "\(path)/\(iniTemplate)" }
  }

  /// Where IBC is, and what it is told other than by its ini file.
  public struct IBC: Sendable {
    /// The directory of IBC, `IBC_PATH`.
    public internal(set) var path = ""
    /// The ini file without a mode's suffix.
    public internal(set) var ini = ""
    /// The template of the ini file.
    public internal(set) var iniTemplate = ""
    /// The user's wish for `--on2fatimeout`.
    public internal(set) var twoFactorTimeoutAction = TwoFactorTimeoutAction.exit
    /// How long IBC waits for a login to complete after the second factor was acknowledged, in seconds.
    public internal(set) var twoFactorExitInterval = 0

    /// The script that runs IBC.
    public var startScript: String { "\(path)/scripts/ibcstart.sh" }

    // Rendered into config.ini as they are; nothing else reads them.
    var twoFactorDevice: String?
    var reloginAfterTwoFactorTimeout = false
    var existingSessionAction = ExistingSessionAction.primary
    var acceptIncoming = AcceptIncoming.manual
    var masterClientID: Int?
    var readOnlyAPI: Bool?
    var allowBlindTrading = false
    var bypassWarning: Bool?
    var autoRestartTime: String?
    var autoLogoffTime: String?
    var coldRestartTime: String?
    var saveSchedule: String?
  }

  /// What the user wants when the second factor is not given in time.
  public enum TwoFactorTimeoutAction: String, CaseIterable, Sendable {
    case exit
    case restart
  }

  enum ExistingSessionAction: String, CaseIterable, Sendable {
    case primary
    case primaryoverride
    case secondary
    case manual
  }

  enum AcceptIncoming: String, CaseIterable, Sendable {
    case accept
    case reject
    case manual
  }

  /// The desktop user of the TWS image.
  public struct Desktop: Sendable {
    /// Its numeric user id.
    public internal(set) var userID = 0
    /// Its numeric group id.
    public internal(set) var groupID = 0
    /// Its password; nil leaves `abc`.
    public internal(set) var password: String?
  }

  /// The moments at which a user's own scripts run.
  public enum ScriptMoment: String, CaseIterable, Sendable {
    /// Before the X server starts.
    case start
    /// When the X server is ready.
    case x
    /// When IBC has been started.
    case ibc

    /// The variable that names the directory.
    public var variable: String { "\(rawValue.uppercased())_SCRIPTS" }
  }

  /// Directories of the user's own scripts, relative to the home directory.
  struct Scripts: Sendable {
    var start: String?
    var x: String?
    var ibc: String?
  }

  /// What the relay of the API does.
  public struct Relay: Sendable {
    /// When the relay listens.
    public enum Listen: String, CaseIterable, Sendable {
      /// Only while the gateway itself listens, so that a connect is refused when nothing could answer.
      case whenServing = "when-serving"
      /// Always; a connection that finds no gateway is closed at once.
      case always
    }

    /// Addresses to listen on; nil leaves that to ``RelayPlaces``.
    public internal(set) var bind: [String]?
    /// Whether it is offered beside the tailnet too; nil leaves that to ``RelayPlaces``.
    public internal(set) var localAccess: Bool?
    /// When it listens.
    public internal(set) var listen = Listen.whenServing
    /// Networks whose clients are let in, in CIDR notation.
    public internal(set) var allow: [String] = []
    /// Clients at one time, for each mode.
    public internal(set) var maxClients = 0
    /// New connections per second from one address; 0 is no limit.
    public internal(set) var rate = 0
    /// How long a connection may be silent; nil for ever.
    public internal(set) var idleTimeout: Duration?
    /// Whether a client must begin as an API client does.
    public internal(set) var checksHello = true
    /// The directory of the access logs.
    public internal(set) var logDirectory = ""
    /// The size in megabytes at which an access log is rotated.
    public internal(set) var logMegabytes = 0
    /// How many rotated access logs are kept.
    public internal(set) var logsKept = 0

    /// The access log of the health site, in the same directory.
    public var httpLogPath: String { "\(logDirectory)/http.log" }
  }

  /// The HTTP edge.
  public struct Caddy: Sendable {
    /// Caddy's own names for levels.
    public enum Level: String, CaseIterable, Sendable {
      case debug = "DEBUG"
      case info = "INFO"
      case warn = "WARN"
      case error = "ERROR"
    }

    /// The template of the Caddyfile.
    public internal(set) var template = ""
    /// Whether the admin interface is off.
    public internal(set) var adminDisabled = true
    /// How much it logs.
    public internal(set) var logLevel = Level.info
    /// Whether the health site is served.
    public internal(set) var servesHealth = true
    /// The address on which it is served.
    public internal(set) var healthBind = ""

    /// Whether there is anything for Caddy to do.
    public var isWanted: Bool { servesHealth || !adminDisabled }
  }

  /// How the gateways are watched, and who is told.
  public struct Health: Sendable {
    /// What is done about a gateway that answers nobody.
    public enum OnWedge: String, CaseIterable, Sendable {
      case session
      case report
      case restart
    }

    /// Whose daily reset is kept quiet.
    public enum Region: String, CaseIterable, Sendable {
      case america
      case europe
      case asia
    }

    /// The API client id that the probe uses.
    public internal(set) var probeClientID = 0
    /// Whether IBC takes commands.
    public internal(set) var usesCommandServer = true
    public internal(set) var onWedge = OnWedge.session
    public internal(set) var region = Region.america
    /// A shell command for alerts.
    public internal(set) var alertCommand: String?
    /// An address for alerts; it may hold a token.
    public internal(set) var alertWebhook: String?

    /// The address of IBC's command server: no tailnet reaches it, whatever else is open.
    public static let commandAddress = "127.0.0.2"

    /// The port of IBC's command server.
    public static func commandPort(_ mode: Mode) -> UInt16 { mode == .live ? 7462 : 7463 }
  }

  /// What logins may cost, and whether a stop keeps the session.
  public struct Logins: Sendable {
    /// How many logins may fail.
    public struct Budget: Sendable, Equatable {
      /// Within an hour.
      public let perHour: Int
      /// Within a day.
      public let perDay: Int
    }

    /// What a stop makes of the gateway's session.
    public enum OnStop: String, CaseIterable, Sendable {
      /// It is closed in order.
      case close
      /// It is kept for the next start.
      case pause
    }

    /// How many may fail.
    public internal(set) var budget = Budget(perHour: 3, perDay: 5)
    /// How long one may take; nil: without limit.
    public internal(set) var timeout: Duration?
    /// What a stop makes of the session.
    public internal(set) var onStop = OnStop.close
  }

  /// The supervisor's own log.
  public struct Log: Sendable {
    /// The least important level that is logged.
    public internal(set) var level = LogLevel.info
    /// How a line looks.
    public internal(set) var format = LogFormat.text
  }

  /// A user name and a password. Either may be missing: then a person types it into the login window.
  public struct Credentials: Sendable {
    /// The user name.
    public let userID: String?
    /// The password.
    public let password: String?

    /// Whether a login needs no typing.
    public var isComplete: Bool { userID != nil && password != nil }
  }
}
