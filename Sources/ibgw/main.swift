import ArgumentParser
import Processes

/// The one command, and below it a file for each subcommand.
struct IBGW: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ibgw",
    abstract: "Keeps an IB Gateway alive, relays its API and says what is really so.",
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(name: "Running", subcommands: [RunCommand.self, DemoCommand.self, SimulateCommand.self]),
      CommandGroup(
        name: "Looking",
        subcommands: [
          StatusCommand.self, HealthCommand.self, LogsCommand.self, ClientsCommand.self, TailnetCommand.self,
        ]),
      CommandGroup(
        name: "Ordering",
        subcommands: [
          StartCommand.self, StopCommand.self, RestartCommand.self, ResumeCommand.self, ReloadCommand.self,
          KickCommand.self,
        ]),
      CommandGroup(
        name: "Configuration", subcommands: [CheckCommand.self, SettingsCommand.self, RenderCommand.self]),
      CommandGroup(
        name: "Supervised",
        subcommands: [RelayCommand.self, ProbeCommand.self, WebCommand.self, ConfineCommand.self]),
    ])
}

// A supervisor reads its signals from a descriptor: they are blocked before anything else happens and before any thread exists.
let readsSignals = ["run", "demo", "relay", "probe", "web", "simulate"]
let subcommand = CommandLine.arguments.dropFirst().first ?? ""
if readsSignals.contains(subcommand) { Ourselves.maskSignals() }
// What we start of ourselves comes from /proc/self/exe, which top and ps would call `exe`.
if ["relay", "probe", "web", "simulate"].contains(subcommand) { Ourselves.setName("ibgw-\(subcommand)") }
IBGW.main()
