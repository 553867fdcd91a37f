import Files
import Glibc
import Lifecycle
import NIOPosix
import Preparation
import Processes
import Services
import Settings
import Supervisor
import Trading

/// From checked settings to a running supervisor: the lock, the files, the loop. Nothing is written before the lock is held.
struct Supervision {
  let settings: Settings
  /// What was found wrong and can be lived with, for the log.
  let warnings: [Problem]
  /// Reads the settings again, for a reload.
  let reread: @Sendable () -> (settings: Settings, problems: [Problem])
  /// The services, once their files are there.
  let services: (PreparedFiles) -> [ServiceDefinition]
  /// What is said once everything has been begun.
  var greeting: [String] = []
  /// The descriptor of the ledger that the program before in this process has left; nil for the first one.
  var inherited: Int32?
  /// Whether it goes on in place after a crash.
  var survives = false
  /// What is done last, before the program ends.
  var cleanUp: () -> Void = {}

  init(
    settings: Settings, warnings: [Problem],
    reread: @escaping @Sendable () -> (settings: Settings, problems: [Problem]),
    services: @escaping (PreparedFiles) -> [ServiceDefinition]
  ) {
    self.settings = settings
    self.warnings = warnings
    self.reread = reread
    self.services = services
  }

  /// Runs until everything has ended, then ends the program.
  func run() -> Never {
    Ourselves.ensureStandardDescriptors()
    Ourselves.forbidDumps()
    let survival = takeUp()
    setenv("TZ", settings.processTimeZone, 1)
    tzset()
    guard Ourselves.adoptOrphans() else {
      printError("cannot run: this kernel gives no process its orphans (PR_SET_CHILD_SUBREAPER); run it as process 1")
      leave(ExitStatus.internal)
    }
    let lock = survival?.heritage?.lock.map { InstanceLock(inherited: $0) } ?? takeLock()
    let (prepared, continuity) = prepareFiles(survival, lock: lock.descriptor)
    let services = services(prepared)
    let configuration = configuration(services, prepared)
    let (greeting, cleanUp) = (greeting, cleanUp)
    MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
      let supervisor = Supervisor(configuration, continuity: continuity, on: loop) { code in
        cleanUp()
        leave(code)
      }
      if continuity?.heritage == nil {
        supervisor.say(.info, "ibgw", "ibgw \(Version.current) supervises as process \(getpid())")
      }
      for problem in warnings + prepared.warnings { supervisor.say(.warning, "ibgw", "\(problem)") }
      if let fence = prepared.tailnetGuard, ![.open, .refused].contains(fence.kind) {
        supervisor.say(.info, "ibgw", "the tailnet's guard is \(fence.kind.rawValue): \(fence.sentence)")
      }
      for line in greeting { supervisor.say(.info, "ibgw", line) }
      supervisor.run().whenFailure { error in
        printError("cannot run: the control socket or the signals cannot be had: \(error)")
        leave(ExitStatus.internal)
      }
    }
    withExtendedLifetime(lock) {}
    leave(ExitStatus.internal)
  }

  // MARK: Steps

  private func takeLock() -> InstanceLock {
    let folder = settings.runDirectory
    do throws(FileError) { try FileSystem.createDirectory(folder) } catch {
      printError(
        "cannot run: the run directory cannot be had: \(error); set IBGW_RUN_DIR to one that uid \(geteuid()) may write"
      )
      leave(ExitStatus.configuration)
    }
    do throws(InstanceLock.Failure) { return try InstanceLock(path: "\(folder)/ibgw.lock") } catch {
      switch error {
      case .held(let pid):
        let holder = pid.map { "process \($0)" } ?? "another process"
        printError(
          "cannot run: \(holder) supervises in \(folder) already; stop it, or set IBGW_RUN_DIR to another folder")
      case .unusable(let why):
        printError(
          "cannot run: \(folder)/ibgw.lock cannot be written: \(why); set IBGW_RUN_DIR to a folder that can be")
      }
      leave(ExitStatus.configuration)
    }
  }

  func prepareFiles() -> PreparedFiles {
    do throws(Problem) { return try Preparation.write(settings) } catch {
      printError("error: \(error)")
      leave(ExitStatus.configuration)
    }
  }

  private func configuration(
    _ services: [ServiceDefinition], _ prepared: PreparedFiles
  ) -> SupervisorConfiguration {
    let reread = reread
    var configuration = SupervisorConfiguration(
      services: services, onGatewayExit: GatewayExitPolicy(rawValue: settings.onGatewayExit.rawValue) ?? .restart,
      policy: settings.gatewayPolicy(hasCommandServer: prepared.instances.contains { $0.commandServer != nil }),
      alerts: AlertTargets(settings), loginFolder: "\(settings.ibkr.settingsPath)/\(LoginFiles.folderName)",
      settingsFolders: Dictionary(uniqueKeysWithValues: prepared.instances.map { ($0.mode, $0.settingsPath) }),
      stopTimeout: settings.stopTimeout.milliseconds,
      runDirectory: settings.runDirectory, version: Version.current,
      redaction: Redaction(secrets: settings.secrets), logFormat: settings.log.format,
      logThreshold: Severity(rawValue: settings.log.level.rawValue) ?? .info,
      reload: {
        let read = reread()
        return .init(redaction: Redaction(secrets: read.settings.secrets), outcomes: Self.reload(read))
      })
    configuration.timetable = Timetable(of: settings)
    configuration.tailnet = ServiceSet(settings: settings, layout: ServiceLayout(prepared: prepared)).tailnetAccess {
      let read = reread()
      return read.problems.containsError ? nil : read.settings
    }
    return configuration
  }

  /// HUP: what the files say now is rendered again. The gateways take it in at their next start, Caddy by a restart.
  private static func reload(
    _ read: (settings: Settings, problems: [Problem])
  ) -> [SupervisorConfiguration.ReloadOutcome] {
    let problems = read.problems.filter { $0.severity == .error }
    guard problems.isEmpty else {
      return problems.map { .init(.error, "cannot reload: \($0)") } + [.init(.error, "everything stays as it was")]
    }
    do throws(Problem) {
      let prepared = try Preparation.write(read.settings)
      let titles = prepared.written.map(\.title).joined(separator: ", ")
      return [
        .init(.info, "rendered again: \(titles); a gateway takes it in at its next start")
      ]
        + (prepared.callersFile == nil
          ? [] : [.init(.info, "the relay reads the list of callers again", rereadsCallers: true)])
        + (prepared.caddyfile == nil ? [] : [.init(.info, "caddy is restarted with it", restart: "caddy")])
    } catch {
      return [.init(.error, "cannot reload: \(error)")]
    }
  }
}
