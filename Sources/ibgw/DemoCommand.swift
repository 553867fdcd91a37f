import ArgumentParser
import Files
import Glibc
import Lifecycle
import Preparation
import Processes
import Services
import Settings
import Supervisor
import Trading

/// `ibgw demo`: the whole program on a machine that has nothing but this binary; a simulated gateway stands in for IBC and java.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs everything with a simulated gateway: no IB account, no Tailscale key, no Docker.",
    discussion: """
      Every template is rendered into a temporary home, and the supervisor starts what is installed of Xvfb, x11vnc and \
      Caddy. Clients connect as to a real paper account. Ctrl-C ends it all.
      """)

  @Option(help: "The number that all simulated prices follow from.")
  var seed: UInt64 = 1

  @Flag(help: "Leave the temporary home in place at the end.")
  var keep = false

  func run() throws {
    let home = try makeHome()
    let environment = environment(home: home)
    let reread: @Sendable () -> (settings: Settings, problems: [Problem]) = {
      Settings.parse(environment: environment, readFile: Preparation.readSecret)
    }
    let (settings, found) = reread()
    let problems = found + Preparation.check(settings, installation: false)
    guard !problems.containsError else {
      for problem in problems where problem.severity == .error { printError("error: \(problem)") }
      FileSystem.removeTree(home)
      leave(ExitStatus.configuration)
    }
    for line in banner(home: home, settings: settings) { print(line) }
    fflush(nil)

    let (seed, keep) = (seed, keep)
    var supervision = Supervision(settings: settings, warnings: problems, reread: reread) { prepared in
      var layout = ServiceLayout(prepared: prepared)
      layout.hasDisplay = Self.isInstalled("Xvfb")
      return ServiceSet(settings: settings, layout: layout).definitions.map {
        simulated($0, seed: seed, control: settings.runDirectory)
      }
    }
    supervision.cleanUp = { if !keep { FileSystem.removeTree(home) } }
    supervision.run()
  }

  private func makeHome() throws -> String {
    let home: String
    do throws(FileError) { home = try FileSystem.createTemporaryDirectory(in: "/tmp", prefix: "ibgw-demo") } catch {
      printError("cannot make a temporary home below /tmp: \(describe(errno: error.code))")
      leave(ExitStatus.configuration)
    }
    try FileSystem.createDirectory("\(home)/ibc")
    return home
  }

  /// What the image would set, and a user's compose file.
  private func environment(home: String) -> [String: String] {
    var environment = processEnvironment().filter {
      ["PATH", "LANG", "TZ", "LOG_LEVEL", "LOG_FORMAT"].contains($0.key)
    }
    environment.merge([
      "HOME": home, "IBC_PATH": "\(home)/ibc", "TWS_PATH": "\(home)/Jts", "IBGW_RUN_DIR": "\(home)/run",
      "CADDY_LOG_DIR": "\(home)/log", "TWS_MAJOR_VRSN": "simulated", "TWS_USERID": "paperuser1",
      "TWS_PASSWORD": "no password is needed here", "DISPLAY": Self.freeDisplay,
      "ENABLE_HEALTH_CHECK": Self.isInstalled("caddy") ? "yes" : "no",
      "CADDY_LOG_LEVEL": "WARN", "RELAY_BIND": "127.0.0.1", "IBC_COMMAND_SERVER": "no", "TAILSCALE_MODE": "off",
      "STOP_TIMEOUT": "15",
    ]) { $1 }
    if Self.isInstalled("Xvfb") && Self.isInstalled("x11vnc") {
      environment["VNC_SERVER_PASSWORD"] = String(
        (0..<8).map { _ in "abcdefghjkmnpqrstuvwxyz23456789".randomElement() ?? "x" })
    }
    return environment
  }

  /// What a stranger needs to read: where to connect, what is missing, how to look around.
  private func banner(home: String, settings: Settings) -> [String] {
    var lines = ["ibgw demo: a simulated gateway under the real supervisor, in \(home)", ""]
    let port = settings.program.relayPort(.paper)
    lines.append("  API      127.0.0.1:\(port)  (paper account DU1234567, seed \(seed))")
    if let password = settings.vncPassword { lines.append("  VNC      127.0.0.1:5900  (password \(password))") }
    if settings.caddy.servesHealth { lines.append("  Health   http://127.0.0.1:2019/ready") }
    let program = CommandLine.arguments.first ?? "ibgw"
    lines.append("  Status   \(program) status --run-dir \(settings.runDirectory)")
    lines.append("  Faults   lines such as `fault hang-new` and `heal all` to \(settings.runDirectory)/simulator.sock")
    lines.append("")
    lines.append(
      "  Python   from ib_async import IB; ib = IB(); ib.connect('127.0.0.1', \(port), clientId=1); print(ib.accountValues())"
    )
    lines.append("")
    for (program, package, loss) in [
      ("Xvfb", "xvfb", "there is no display"), ("x11vnc", "x11vnc", "there is no VNC"),
      ("caddy", "caddy", "the health site on port 2019 is off"),
    ] where !Self.isInstalled(program) {
      lines.append("  \(program) is not installed, so \(loss); apt-get install \(package)")
    }
    lines.append("Ctrl-C ends it.")
    return lines + [""]
  }

  private static func isInstalled(_ program: String) -> Bool {
    Command(program: program, environment: processEnvironment()).resolvedPath != nil
  }

  /// A display that no X server of this machine has.
  private static var freeDisplay: String {
    let free = (90..<200).first {
      FileSystem.kind(of: "/tmp/.X11-unix/X\($0)") == nil && FileSystem.kind(of: "/tmp/.X\($0)-lock") == nil
    }
    return ":\(free ?? 90)"
  }
}

/// The simulator in the place of IBC's start script.
private func simulated(_ definition: ServiceDefinition, seed: UInt64, control: String) -> ServiceDefinition {
  guard let mode = definition.plan.mode else { return definition }
  var definition = definition
  definition.command.program = ServiceDefinition.ownProgram
  definition.command.arguments = [
    "simulate", "--as-ibc", "--mode", mode.rawValue, "--seed", String(seed), "--control", "\(control)/simulator.sock",
  ]
  definition.plan.isLedByShell = false
  return definition
}
