import Files
import Settings
import Trading

/// What `Preparation.write` left on the disk, without any secret.
///
/// Its coded form leaves out what is only said once: what was written, and the warnings.
public struct PreparedFiles: Sendable, Codable {
  /// The files of one gateway.
  public struct Instance: Sendable, Codable {
    /// The account it logs in to.
    public let mode: Mode
    /// What IBC is given as `--ibc-ini`.
    public let iniPath: String
    /// What IBC is given as `--tws-settings-path`; it exists.
    public let settingsPath: String
    /// Where its IBC will take commands, as `HOST:PORT`; nil where the ini switches that off.
    public let commandServer: String?
    /// Whether the ini has a user name and a password, so that nobody has to type them.
    public let logsInByItself: Bool
  }

  /// A file that was written, and what it is.
  public struct Written: Sendable, Equatable {
    /// Where it is.
    public let path: String
    /// What it is.
    public let title: String
  }

  private enum CodingKeys: String, CodingKey {
    case instances
    case caddyfile
    case vncPasswordFile
    case tailnet
  }

  /// One for each mode, live before paper.
  public internal(set) var instances: [Instance] = []
  /// The configuration for `caddy run`; nil where Caddy has nothing to do.
  public internal(set) var caddyfile: String?
  /// The file for x11vnc's `-passwdfile`; nil where no VNC is wanted.
  public internal(set) var vncPasswordFile: String?
  /// What becomes of the tailnet.
  public internal(set) var tailnet: TailnetPlan
  /// What keeps the tailnet from all but the API; nil without a tailnet.
  public internal(set) var tailnetGuard: TailnetGuard?
  /// The list of who may use the API; nil where there is none.
  public internal(set) var callersFile: String?
  /// Every file that was written, in order.
  public internal(set) var written: [Written] = []
  /// What was lived with, such as a directory that could not be written.
  public internal(set) var warnings: [Problem] = []

  /// The files of one mode's gateway; nil for a mode that does not run.
  public func instance(_ mode: Mode) -> Instance? { instances.first { $0.mode == mode } }
}

extension Preparation {
  /// Writes everything that the children need: the directories, config.ini of each mode (0600), jts.ini where none exists,
  /// the Caddyfile, x11vnc's password file (0600), the list of callers, and the heap size.
  ///
  /// Everything is rendered before anything is written, and each file is replaced as a whole or not at all. It may be called
  /// again, as a reload does.
  ///
  /// - Throws: the problem that stopped it. Files written before it are whole, the others are as they were.
  public static func write(_ settings: Settings) throws(Problem) -> PreparedFiles {
    let rendered = try render(settings, masked: false)
    var prepared = PreparedFiles(tailnet: tailnet(settings))
    try createDirectories(settings, &prepared)
    createTailnetDirectories(prepared.tailnet, &prepared)
    prepared.tailnetGuard = tailnetGuard(settings, prepared.tailnet)
    try writeCallers(settings, &prepared)
    for mode in settings.modes {
      try write(mode, of: settings, rendered, &prepared)
    }
    if let file = rendered.first(where: { $0.title == "Caddyfile" }) {
      try write(file.bytes, to: file.path, mode: file.mode, "IBGW_RUN_DIR", file.title, &prepared)
      prepared.caddyfile = file.path
    }
    try writeVNCPassword(settings, &prepared)
    try HeapSize.apply(settings, &prepared)
    return prepared
  }

  private static func createDirectories(_ settings: Settings, _ prepared: inout PreparedFiles) throws(Problem) {
    try createDirectory(settings.runDirectory, "IBGW_RUN_DIR")
    for mode in settings.modes {
      try createDirectory(settings.settingsPath(for: mode), settings.settingsVariable)
    }
    do throws(FileError) {
      try FileSystem.createDirectory(settings.relay.logDirectory)
    } catch {
      prepared.warnings.append(
        Problem(
          "CADDY_LOG_DIR", .warning, what: "cannot be used, so there is no access log: \(error)",
          fix: "name a directory that can be written"))
    }
  }

  private static func createDirectory(_ path: String, _ variable: String) throws(Problem) {
    do throws(FileError) {
      try FileSystem.createDirectory(path)
    } catch {
      throw Problem(
        variable, error, needs: "a directory",
        fix: "give uid \(FileSystem.effectiveUser) a directory there, or name another")
    }
  }

  /// One mode's ini files.
  private static func write(
    _ mode: Mode, of settings: Settings, _ rendered: [RenderedFile], _ prepared: inout PreparedFiles
  ) throws(Problem) {
    var iniPath = settings.iniPath(for: mode)
    if let ini = rendered.first(where: { $0.path == iniPath }) {
      iniPath = try writeIni(ini, fallback: settings.fallbackIniPath(for: mode), &prepared)
    }
    let jtsPath = settings.jtsPath(for: mode)
    if let jts = rendered.first(where: { $0.path == jtsPath }), FileSystem.kind(of: jtsPath) == nil {
      try write(
        jts.bytes, to: jtsPath, mode: jts.mode, settings.settingsVariable, jts.title, &prepared, durable: true)
    }
    prepared.instances.append(
      PreparedFiles.Instance(
        mode: mode, iniPath: iniPath, settingsPath: settings.settingsPath(for: mode),
        commandServer: IniText.commandServer(iniPath), logsInByItself: IniText.hasCredentials(iniPath)))
  }

  /// Writes config.ini to its place, or to the run directory where its place cannot be written.
  private static func writeIni(
    _ ini: RenderedFile, fallback: String, _ prepared: inout PreparedFiles
  ) throws(Problem) -> String {
    do throws(FileError) {
      try FileSystem.write(ini.bytes, to: ini.path, mode: ini.mode, durable: false)
      prepared.written.append(PreparedFiles.Written(path: ini.path, title: ini.title))
      return ini.path
    } catch {
      guard error.isAboutPlace else {
        throw Problem("IBC_INI", error, needs: "a rendered config.ini", fix: "make room, or name another place")
      }
      try write(ini.bytes, to: fallback, mode: ini.mode, "IBGW_RUN_DIR", ini.title, &prepared)
      prepared.warnings.append(
        Problem(
          "IBC_INI", .warning, what: "cannot be written (\(error.why)), so IBC reads \(fallback)",
          fix: error.isMountPoint
            ? "set CUSTOM_CONFIG=yes to use the mounted \(ini.path), or unmount it"
            : "make \(FileSystem.directory(of: ini.path)) writable if you want it there"))
      return fallback
    }
  }

  private static func writeVNCPassword(_ settings: Settings, _ prepared: inout PreparedFiles) throws(Problem) {
    let path = settings.vncPasswordPath
    guard settings.program == .gateway, let password = settings.vncPassword else {
      do throws(FileError) {
        try FileSystem.remove(path)
      } catch {
        throw Problem("IBGW_RUN_DIR", error, needs: "no VNC password", fix: "remove it")
      }
      return
    }
    try write(Array("\(password)\n".utf8), to: path, mode: 0o600, "IBGW_RUN_DIR", "VNC password", &prepared)
    prepared.vncPasswordFile = path
  }

  /// Writes one file and notes it. Only what is written once, rather than at each start, has to survive a power cut.
  static func write(
    _ bytes: [UInt8], to path: String, mode: UInt32, _ variable: String, _ title: String,
    _ prepared: inout PreparedFiles, durable: Bool = false
  ) throws(Problem) {
    do throws(FileError) {
      try FileSystem.write(bytes, to: path, mode: mode, durable: durable)
    } catch {
      let folder = FileSystem.directory(of: path)
      let fix = error.isAboutPlace ? "make \(folder) writable" : "make room in \(folder), or name another place"
      throw Problem(variable, error, needs: "a file", fix: fix)
    }
    prepared.written.append(PreparedFiles.Written(path: path, title: title))
  }
}

extension Settings {
  /// The variable that decides where a program's settings are.
  var settingsVariable: String { isGiven("TWS_SETTINGS_PATH") ? "TWS_SETTINGS_PATH" : "TWS_PATH" }
}
