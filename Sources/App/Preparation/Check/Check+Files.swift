import Files
import Settings
import Templates

extension Check {
  /// The directories in which the program keeps its settings, and jts.ini in them.
  mutating func settingsDirectories() {
    let variable = settings.settingsVariable
    plainPath(settings.ibkr.settingsPath, variable)
    for mode in settings.modes {
      let path = settings.settingsPath(for: mode)
      if let (what, fix) = unusable(path, "the program's settings") { error(variable, what, fix) }
      jtsFile(settings.jtsPath(for: mode))
    }
    // Docker users mount a volume at the path they name, and the suffix puts the settings beside it.
    let base = settings.ibkr.settingsPath
    if settings.isDual, settings.isGiven("TWS_SETTINGS_PATH"), FileSystem.isMountPoint(base) {
      warn(
        "TWS_SETTINGS_PATH",
        "is \(base), a volume that both modes leave unused: they use \(base)_live and \(base)_paper",
        "mount the volume one directory higher, or one at each")
    }
  }

  /// IBC rewrites jts.ini at each start, and ends with codes 84 and 85 where it cannot.
  private mutating func jtsFile(_ path: String) {
    switch FileSystem.kind(of: path) {
    case nil: return
    case .directory:
      error(
        settings.settingsVariable, "has a directory at \(path), where the file jts.ini belongs",
        "remove it; Docker makes one where a mounted file is missing on the host")
    case .file, .other:
      if !FileSystem.isWritable(path) {
        error(settings.settingsVariable, "has \(path), which cannot be written", "make it writable for this user")
      }
      differentTimeZone(path)
    }
  }

  private mutating func differentTimeZone(_ path: String) {
    guard settings.isGiven("TIME_ZONE"), !settings.customConfig, let bytes = try? FileSystem.read(path, limit: 1 << 20)
    else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let zone = IniText.value(of: "TimeZone", in: text), zone != settings.timeZone else { return }
    warn(
      "TIME_ZONE", "is \(settings.timeZone), but \(path) exists and says \(zone), which holds",
      "edit that file, or remove it to have it made anew")
  }

  /// config.ini: there for a user who brings his own, writable in its place or in the run directory for everyone else.
  mutating func iniFiles() {
    for mode in settings.modes {
      let path = settings.iniPath(for: mode)
      let kind = FileSystem.kind(of: path)
      if kind == .directory {
        error(
          "IBC_INI", "leads to \(path), a directory where a file belongs",
          "remove it; Docker makes one where a mounted file is missing on the host")
      } else if settings.customConfig {
        if kind == nil {
          error("CUSTOM_CONFIG", "is yes, but there is no \(path)", "mount your config.ini there")
        } else if !FileSystem.isReadable(path) {
          error("CUSTOM_CONFIG", "is yes, but \(path) cannot be read", "make it readable for this user")
        }
      } else if !FileSystem.isWritableDirectory(FileSystem.directory(of: path)) {
        warn(
          "IBC_INI", "leads to \(path), which cannot be written, so IBC reads \(settings.fallbackIniPath(for: mode))",
          "make its directory writable if you want it there")
      }
    }
  }

  /// Directories of the supervisor's own.
  mutating func directories() {
    let run = settings.runDirectory
    if let (what, fix) = unusable(run, "sockets and rendered files") { error("IBGW_RUN_DIR", what, fix) }
    // A unix socket's address has room for 107 bytes, and the longest name below the directory takes 20.
    if run.utf8.count > 86 {
      error("IBGW_RUN_DIR", "is longer than 86 bytes, and no socket fits below it", "choose a shorter path")
    }
    if let (what, fix) = unusable(settings.relay.logDirectory, "access logs") {
      warn("CADDY_LOG_DIR", "\(what), so there is no access log", fix)
    } else if settings.caddy.servesHealth, !canWriteHTTPLog {
      warn(
        "CADDY_LOG_DIR",
        "has \(settings.relay.httpLogPath), which cannot be written, so the health site has no access log",
        "remove it, or make it writable for uid \(FileSystem.effectiveUser)")
    }
  }

  /// Whether Caddy will be able to open its access log.
  var canWriteHTTPLog: Bool {
    let path = settings.relay.httpLogPath
    if unusable(settings.relay.logDirectory, "access logs") != nil { return false }
    return FileSystem.kind(of: path) == nil || (FileSystem.kind(of: path) == .file && FileSystem.isWritable(path))
  }

  /// What is wrong with a directory that neither is there for this user to write nor can be made, and the fix.
  private func unusable(_ path: String, _ purpose: String) -> (what: String, fix: String)? {
    var existing = path
    while FileSystem.kind(of: existing) == nil, existing != "/", existing != "." {
      existing = FileSystem.directory(of: existing)
    }
    if FileSystem.kind(of: existing) != .directory {
      return ("needs the directory \(path) for \(purpose), but \(existing) is a file", "remove it")
    }
    if FileSystem.isWritableDirectory(existing) { return nil }
    let missing = existing == path ? "write there" : "create it in \(existing)"
    return (
      "needs \(path) for \(purpose), but uid \(FileSystem.effectiveUser) cannot \(missing)",
      "give it to that user, or name another directory"
    )
  }
}
