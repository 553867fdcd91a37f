import Settings
import Trading

/// What a child may see of our environment: what it needs, and never a secret.
public struct ChildEnvironment {
  /// For every child: where programs are, who we are, which language and time zone.
  public let base: [String: String]
  private let open: [String: String]
  private let settings: Settings

  /// The names that are handed on to every child where they are set.
  private static let inherited = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR"]

  /// What these settings leave of our own environment.
  public init(settings: Settings) {
    self.settings = settings
    open = settings.openEnvironment
    var base = open.filter { Self.inherited.contains($0.key) || $0.key.hasPrefix("LC_") }
    base["HOME"] = settings.home
    base["TZ"] = settings.processTimeZone
    if base["PATH"] == nil { base["PATH"] = settings.searchPath.joined(separator: ":") }
    self.base = base
  }

  /// For processes of this program: Swift's backtracer, where it is installed, would print what stands in their memory into the log.
  var forOurOwn: [String: String] { base.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 } }

  /// For what draws on the display, IBC among them: its script takes lower-case variables for its own, so nothing else may leak in.
  var withDisplay: [String: String] { base.merging(["DISPLAY": settings.display]) { $1 } }

  /// For the user's scripts: everything but the secrets, and the three that the bash entrypoint's scripts could rely on.
  func forScripts(mode: Mode) -> [String: String] {
    open.merging(base) { $1 }.merging([
      "DISPLAY": settings.display, "API_PORT": String(settings.program.apiPort(mode)), "TRADING_MODE": mode.rawValue,
    ]) { $1 }
  }
}
