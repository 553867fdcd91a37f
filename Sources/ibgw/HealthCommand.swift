import ArgumentParser
import FoundationEssentials
import Lifecycle
import Trading
import WebService

/// `ibgw health`: the container's own health check.
struct HealthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Ends with 0 when all is well, else with 1 and a line for each cause.",
    discussion: """
      --ready is for people, monitoring and depends_on. An orchestrator that restarts what is unhealthy, such as Swarm or \
      autoheal, must use --live: a gateway that waits for its second factor is not ready, and a restart would only cost \
      another login. A supervisor that does not answer within 2 s is neither.
      """)

  @Flag(help: "What is asked for: that the supervisor works, or that every gateway serves.")
  var level = Level.ready

  @Option(help: "Ask for one gateway alone: live or paper.")
  var mode: Mode?

  @Flag(help: "Print the answer as JSON.")
  var json = false

  @OptionGroup var directory: RunDirectoryOption

  /// The flags.
  enum Level: String, EnumerableFlag {
    case live
    case ready
  }

  func run() throws {
    let (level, mode, json, path) = (HealthLevel(level), mode, json, directory.path)
    withLoop { loop in
      HealthCheck.ask(level, mode: mode, runDirectory: path, on: loop).whenSuccess { report in
        if json {
          print((try? encoded(report)) ?? "")
        } else {
          print(report.ok ? "OK" : report.causes.map(\.line).joined(separator: "\n"))
        }
        leave(report.ok ? ExitStatus.success : ExitStatus.failure)
      }
    }
  }
}

extension HealthLevel {
  fileprivate init(_ flag: HealthCommand.Level) { self = flag == .live ? .live : .ready }
}

extension Mode: ExpressibleByArgument {}
