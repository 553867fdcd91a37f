import Files
import Settings

extension Check {
  /// What IBC cannot run without, looked up as it will be.
  mutating func programsOfIBC() {
    if settings.program == .gateway, find("Xvfb") == nil {
      error("DISPLAY", "needs Xvfb, which is not installed", "install it: apt-get install xvfb")
    }
    if find("bash") == nil {
      error("IBC_PATH", "needs bash for IBC's start script, which is not installed", "install it")
    }
  }

  /// The programs around it.
  mutating func programs() {
    if settings.caddy.isWanted, find("caddy") == nil {
      warn(
        settings.caddy.servesHealth ? "ENABLE_HEALTH_CHECK" : "CADDY_ADMIN_DISABLED",
        "asks for Caddy, which is not installed, so port 2019 stays closed",
        "install it, or set ENABLE_HEALTH_CHECK=no")
    }
    if settings.program == .gateway, settings.vncPassword != nil, find("x11vnc") == nil {
      warn(
        "VNC_SERVER_PASSWORD", "asks for x11vnc, which is not installed, so there is no VNC",
        "install it, or unset the variable")
    }
  }

  func find(_ program: String) -> String? {
    settings.searchPath.map { "\($0)/\(program)" }
      .first { FileSystem.kind(of: $0) == .file && FileSystem.isExecutable($0) }
  }

  /// The user's own scripts.
  mutating func scripts() {
    for moment in Settings.ScriptMoment.allCases {
      guard let path = settings.scripts(moment) else { continue }
      switch FileSystem.kind(of: path) {
      case .directory:
        let names = (try? FileSystem.list(path)) ?? []
        if !names.contains(where: { $0.hasSuffix(".sh") }) {
          warn(moment.variable, "leads to \(path), which holds no *.sh", "put your scripts there, or unset it")
        }
      default:
        warn(
          moment.variable, "leads to \(path), which is no directory, so no script runs",
          "name a directory below \(settings.home), or unset it")
      }
    }
  }

  /// The time zones, where the machine has a database of them.
  mutating func timeZone(_ database: String) {
    guard FileSystem.kind(of: database) == .directory else {
      if settings.isGiven("TIME_ZONE") || settings.isGiven("TZ") {
        warn("TIME_ZONE", "cannot be checked, since there is no \(database)", "install tzdata")
      }
      return
    }
    if FileSystem.kind(of: "\(database)/\(settings.timeZone)") != .file {
      error(
        "TIME_ZONE", "is \(settings.timeZone), which the time zone database does not know",
        "write a name such as Europe/Zurich or America/New_York")
    }
    if settings.isGiven("TZ"), settings.processTimeZone != settings.timeZone,
      FileSystem.kind(of: "\(database)/\(settings.processTimeZone)") != .file
    {
      warn(
        "TZ", "is \(settings.processTimeZone), which the time zone database does not know, so times may be in UTC",
        "write a name such as Europe/Zurich, or unset it to use TIME_ZONE")
    }
  }

  /// Whether the wanted heap fits into the memory that the container may use.
  mutating func memory(_ proc: String) {
    guard let heap = settings.heapMegabytes, let memory = Memory.megabytes(proc: proc) else { return }
    let wanted = heap * settings.modes.count
    if wanted >= memory {
      warn(
        "JAVA_HEAP_SIZE",
        "lets Java use \(wanted) MB\(settings.isDual ? " for both modes" : ""), of \(memory) MB that there are",
        "lower it, or give the container more memory")
    }
  }
}

/// How much memory there is to use.
enum Memory {
  /// The machine's memory or the container's limit, whichever is less; nil where neither can be read.
  static func megabytes(proc: String, cgroup: String = "/sys/fs/cgroup") -> Int? {
    var bounds: [Int] = []
    if let text = try? FileSystem.readText("\(proc)/meminfo", limit: 1 << 16),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      bounds.append(kilobytes / 1024)
    }
    for file in ["memory.max", "memory/memory.limit_in_bytes"] {
      if let text = try? FileSystem.readText("\(cgroup)/\(file)", limit: 64),
        let bytes = Int(text.filter { !$0.isWhitespace })
      {
        bounds.append(bytes >> 20)
      }
    }
    return bounds.min()
  }
}
