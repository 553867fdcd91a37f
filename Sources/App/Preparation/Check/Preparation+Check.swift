import Files
import Settings

extension Preparation {
  /// Everything about this machine that would keep a run from working, or keep a part of it from working, all at once.
  /// Nothing is written and no process is started.
  ///
  /// - Parameters:
  ///   - installation: whether IBKR's program and IBC have to be there; not where a simulator stands in for them.
  ///   - proc: where the kernel's tables are read.
  ///   - zones: where the time zone database is.
  /// - Returns: the problems, errors first.
  public static func check(
    _ settings: Settings, installation: Bool = true, proc: String = "/proc", zones: String = "/usr/share/zoneinfo"
  ) -> [Problem] {
    var check = Check(settings: settings)
    if installation {
      check.installedProgram()
      check.installedIBC()
      check.programsOfIBC()
    }
    check.settingsDirectories()
    check.iniFiles()
    check.templates()
    check.directories()
    check.programs()
    check.tailnet(proc)
    check.scripts()
    check.timeZone(zones)
    check.memory(proc)
    check.ports(proc)
    return check.problems.filter { $0.severity == .error } + check.problems.filter { $0.severity == .warning }
  }
}

/// The problems found so far, and what they are looked for in.
struct Check {
  let settings: Settings
  private(set) var problems: [Problem] = []

  init(settings: Settings) { self.settings = settings }

  mutating func error(_ variable: String, _ what: String, _ fix: String) {
    problems.append(Problem(variable, .error, what: what, fix: fix))
  }

  mutating func warn(_ variable: String, _ what: String, _ fix: String) {
    problems.append(Problem(variable, .warning, what: what, fix: fix))
  }

  mutating func add(_ more: [Problem]) { problems += more }
}
