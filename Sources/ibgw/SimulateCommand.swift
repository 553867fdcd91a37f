import ArgumentParser
import Glibc
import LoopSignals
import NIOCore
import NIOPosix
import Simulator
import Trading

/// `ibgw simulate`: a gateway without an account, to test clients and the supervisor with.
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs a simulated gateway that speaks the API, for tests without an IBKR account.",
    discussion: """
      Clients connect as to a real gateway. They find one account, prices that follow from the seed alone, and orders that \
      are filled at those prices. The simulated exchange never closes and keeps UTC. It trades \
      \(Simulator.symbols.joined(separator: " ")).

      Faults: mute, stuck, no-accounts, link-lost, login-delay=S, close-new, hang-new, crash-after=S, stop-reading, \
      stop-accepting. The control socket takes one line per command: fault NAME[=S], heal NAME, heal all, status, restart S.
      """)

  @Option(help: "The TCP port to listen on; 0 takes any free one. Default: 4002, or 4001 with --mode live.")
  var port: UInt16?

  @Option(help: "The numeric address to listen on.")
  var bind = "127.0.0.1"

  @Option(help: "The kind of account: paper or live.", transform: SimulateCommand.mode)
  var mode = Mode.paper

  @Option(help: "The number that all prices follow from.")
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp("A fault from the start; may be repeated.", valueName: "name"), transform: SimulateCommand.fault)
  var fault: [Fault] = []

  @Option(help: ArgumentHelp("Serve the control socket here.", valueName: "path"))
  var control: String?

  @Flag(help: "Print what IBC prints in a good start, and end as its start script does.")
  var asIbc = false

  func run() throws {
    umask(0o077)
    let settings = Simulator.Configuration(
      address: bind, port: Int(port ?? Program.gateway.apiPort(mode)), mode: mode, seed: seed, faults: fault,
      controlPath: control, impersonatesIBC: asIbc)
    let stopCode: Int32 = asIbc ? 128 + SIGTERM : 0
    MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
      let simulator = Simulator(configuration: settings, loop: loop, report: printLine) { ending in
        switch ending {
        case .stopped: leave(stopCode)
        case .crashed: leave(EXIT_FAILURE)
        case .failed(let sentence):
          printError(sentence)
          leave(ExitStatus.unavailable)
        }
      }
      LoopSignals.watch(on: loop) { signal in
        switch signal {
        case SIGTERM, SIGINT, SIGHUP, SIGQUIT: simulator.stop()
        case SIGUSR1: printLine(simulator.status)
        default: break
        }
      }.whenFailure { error in
        printError("cannot read signals: \(error)")
        leave(ExitStatus.internal)
      }
      simulator.start()
    }
  }

  @Sendable private static func mode(_ text: String) throws -> Mode {
    if let mode = Mode(rawValue: text) { return mode }
    throw ValidationError("there is no mode '\(text)'; use paper or live")
  }

  @Sendable private static func fault(_ text: String) throws -> Fault {
    do { return try Fault(text: text) } catch { throw ValidationError("\(error)") }
  }
}
