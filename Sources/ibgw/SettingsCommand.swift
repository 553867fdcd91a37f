import ArgumentParser
import Settings

/// `ibgw settings`
struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings", abstract: "Prints the reference of every variable.")

  /// How the reference is printed.
  enum Style: EnumerableFlag {
    case markdown
    case json
    case env

    static func help(for value: Style) -> ArgumentHelp? {
      switch value {
      case .markdown: "Print a Markdown table."
      case .json: "Print JSON."
      case .env: "Print an env file with every variable commented out."
      }
    }
  }

  @Flag var style: Style?

  func run() throws {
    switch style {
    case .markdown: print(Setting.markdown(), terminator: "")
    case .json: print(try encoded(Setting.table.map(\.reference)))
    case .env: print(Setting.environmentFile(), terminator: "")
    case nil: print(Setting.plainReference(), terminator: "")
    }
  }
}
