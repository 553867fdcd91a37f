import Trading

/// A whole configuration, parsed and typed. `Settings.parse` is the only way to one, so every value here has passed its
/// row of the table; where a text was wrong, the default stands and a `Problem` tells.
///
/// It holds secrets: hand it on by value, never print it.
public struct Settings: Sendable {
  // What runs.
  /// The IBKR program to run.
  public internal(set) var program = Program.gateway
  /// The modes to run, live before paper; never empty.
  public internal(set) var modes: [Mode] = []
  /// What happens when a gateway has ended by itself.
  public internal(set) var onGatewayExit = OnGatewayExit.restart
  /// How long an orderly stop may take as a whole.
  public internal(set) var stopTimeout = Duration.zero

  // Where everything is. All are absolute paths.
  /// The home directory.
  public internal(set) var home = ""
  /// IBKR's program.
  public internal(set) var ibkr = Installation()
  /// IBC.
  public internal(set) var ibc = IBC()
  /// Where sockets, the rendered Caddyfile and other files of a run lie.
  public internal(set) var runDirectory = ""

  // The desktop.
  /// The X display, as in `:1`.
  public internal(set) var display = ""
  /// The password for VNC; nil where none is wanted.
  public internal(set) var vncPassword: String?
  /// The address for VNC; nil leaves that to the tailnet's mode.
  public internal(set) var vncBind: String?
  /// The desktop user of the TWS image.
  public internal(set) var desktop = Desktop()

  // The program's own settings.
  /// The time zone that a new jts.ini gets.
  public internal(set) var timeZone = ""
  /// The time zone of the processes, for `TZ`.
  public internal(set) var processTimeZone = ""
  /// Java's heap in megabytes; nil leaves what the installation says.
  public internal(set) var heapMegabytes: Int?
  /// Whether the user brings finished ini files, so that none is rendered.
  public internal(set) var customConfig = false

  // What stands around it.
  /// The relay of the API.
  public internal(set) var relay = Relay()
  /// The HTTP edge.
  public internal(set) var caddy = Caddy()
  /// The tailnet node.
  public internal(set) var tailscale = Tailscale()
  /// The supervisor's own log.
  public internal(set) var log = Log()
  /// How the gateways are watched, and who is told.
  public internal(set) var health = Health()
  /// What logins may cost.
  public internal(set) var logins = Logins()

  var scripts = Scripts()
  var tradingMode = TradingMode.paper
  var dualMode = false
  var userID: String?
  var password: String?
  var paperUserID: String?
  var paperPassword: String?

  /// Canonical text by variable, defaults included, for templates.
  var texts: [String: String] = [:]
  /// The variables that were given a value that holds.
  var given: Set<String> = []
  /// The file that a variable's value was read from, by variable.
  var files: [String: String] = [:]
  /// The environment without the secrets.
  var open: [String: String] = [:]
}

extension Settings {
  /// Whether live and paper run side by side, with upstream's suffixes on their files.
  public var isDual: Bool { modes.count > 1 }

  /// The environment that was read, without any secret: what a user's scripts may see.
  public var openEnvironment: [String: String] { open }

  /// Directories in which programs are looked up, from `PATH`.
  public var searchPath: [String] {
    let path = open["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return path.split(separator: ":").map(String.init)
  }

  /// Whether the variable was given, by itself or by its file, rather than left to its default.
  public func isGiven(_ variable: String) -> Bool { given.contains(variable) }

  /// The file that the variable's value was read from; nil where the variable says it itself.
  public func file(of variable: String) -> String? { files[variable] }

  /// Every secret in force, for `Redaction`.
  public var secrets: [String] {
    Setting.table.filter(\.isSecret).compactMap { texts[$0.name] }
  }

  /// What one mode logs in with. With both modes the paper account has variables of its own; one mode alone, paper too,
  /// uses `TWS_USERID` and `TWS_PASSWORD`.
  public func credentials(for mode: Mode) -> Credentials {
    isDual && mode == .paper
      ? Credentials(userID: paperUserID, password: paperPassword) : Credentials(userID: userID, password: password)
  }

  /// The suffix that both modes' files carry when they run side by side: `_live`, `_paper`, or nothing.
  public func suffix(for mode: Mode) -> String { isDual ? "_\(mode.rawValue)" : "" }

  /// The directory in which one mode's program keeps its settings, jts.ini among them.
  public func settingsPath(for mode: Mode) -> String { ibkr.settingsPath + suffix(for: mode) }

  /// The config.ini of one mode, as users and `CUSTOM_CONFIG` know it.
  public func iniPath(for mode: Mode) -> String { ibc.ini + suffix(for: mode) }

  /// The directory of the user's scripts for one moment; nil where the user named none.
  public func scripts(_ moment: ScriptMoment) -> String? {
    let name =
      switch moment {
      case .start: scripts.start
      case .x: scripts.x
      case .ibc: scripts.ibc
      }
    return name.map { "\(home)/\($0)" }
  }
}
