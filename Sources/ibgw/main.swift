import ArgumentParser
import Processes

/// The one command, and below it a file for each subcommand.
struct IBGW: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ibgw",
    abstract: "Keeps an IB Gateway alive, relays its API and says what is really so.",
    subcommands: [
      RunCommand.self, DemoCommand.self, Simulate.self, StatusCommand.self, StartCommand.self, StopCommand.self,
      RestartCommand.self, LogsCommand.self, RelayCommand.self, ClientsCommand.self, KickCommand.self,
    ])
}

// A supervisor reads its signals from a descriptor: they are blocked before anything else happens and before any thread exists.
if ["run", "demo", "relay", "simulate"].contains(CommandLine.arguments.dropFirst().first) { Ourselves.maskSignals() }
IBGW.main()
