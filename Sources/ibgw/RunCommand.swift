import ArgumentParser
import CLinux
import Glibc
import Lifecycle
import NIOCore
import NIOPosix
import Processes
import Services
import Settings
import Supervisor

/// `ibgw run`: the supervisor itself.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Starts and watches everything, as process 1 or below another init.")

  func run() throws {
    let (settings, problems) = Settings.parse(
      environment: currentEnvironment(), readFile: { _ in .failure(UnreadableFile("x")) })
    for problem in problems { printError("\(problem)") }
    let layout = ServiceLayout(
      program: "/proc/self/exe",
      gateways: Dictionary(
        uniqueKeysWithValues: settings.modes.map {
          ($0, .init(iniPath: settings.iniPath(for: $0), settingsPath: settings.settingsPath(for: $0)))
        }))
    supervise(settings: settings, services: ServiceSet(settings: settings, layout: layout).definitions)
  }
}

/// Runs the supervisor on this thread until everything has ended, then ends the program.
func supervise(settings: Settings, services: [ServiceDefinition]) -> Never {
  Glibc.setenv("TZ", settings.processTimeZone, 1)
  tzset()
  let configuration = SupervisorConfiguration(
    services: services, onGatewayExit: GatewayExitPolicy(rawValue: settings.onGatewayExit.rawValue) ?? .restart,
    stopTimeout: settings.stopTimeout.components.seconds * 1000, runDirectory: settings.runDirectory,
    version: Version.current,
    redaction: Redaction(secrets: settings.secrets), logFormat: settings.log.format,
    logThreshold: Severity(rawValue: settings.log.level.rawValue) ?? .info, reload: { [] })
  withLoop { loop in
    let supervisor = Supervisor(configuration, on: loop) { leave($0) }
    supervisor.run().whenFailure { error in
      printError("cannot start the supervisor: \(error)")
      leave(ExitStatus.internal)
    }
  }
}

/// The version that `ibgw --version` and the status show.
enum Version {
  static let current = "0.1.0"
}

func currentEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  guard var pointer = clinux_environment() else { return result }
  while let entry = pointer.pointee {
    let text = String(cString: entry)
    if let equals = text.firstIndex(of: "=") {
      result[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    pointer += 1
  }
  return result
}
