import ArgumentParser
import FoundationEssentials
import Lifecycle
import Supervisor

/// `ibgw tailnet`
struct TailnetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tailnet",
    abstract: "Shows the tailnet node: state, name, addresses, key expiry, peers, guard.",
    discussion: "Ends with 0 when the node is in its tailnet and hears the control server, else with 1.")

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var directory: RunDirectoryOption

  func run() throws {
    let json = json
    askSupervisor("GET", "/v1/status", socket: directory.controlSocket) { response in
      guard let report = try? JSONDecoder().decode(StatusReport.self, from: Data(response.body)) else {
        printError(
          "cannot read the supervisor's answer: it is of another version; use the program that runs as process 1")
        return ExitStatus.internal
      }
      guard let tailnet = report.tailnet else {
        if json { print("null") } else { printError("there is no tailnet; set TAILSCALE_AUTHKEY or TAILSCALE_MODE") }
        return ExitStatus.failure
      }
      print(json ? (try? encoded(tailnet)) ?? "" : StatusTable.lines(of: tailnet).joined(separator: "\n"))
      return tailnet.state == TailnetState.running.rawValue ? ExitStatus.success : ExitStatus.failure
    }
  }
}
