import ArgumentParser

/// The one command, and below it a file for each subcommand.
struct IBGW: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ibgw",
    abstract: "Keeps an IB Gateway alive, relays its API and says what is really so.",
    subcommands: [Check.self, SettingsCommand.self, Render.self])
}

IBGW.main()
