import ArgumentParser
import Preparation
import Services
import Settings

/// `ibgw run`: the supervisor itself.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Starts and watches everything, as process 1 or below another init.",
    discussion: """
      Ends with 0 after a stop that was asked for, with 78 when the configuration is wrong (each problem is said, and nothing \
      was started), with IBC's own code when ON_GATEWAY_EXIT=exit, and with 70 after a fault of its own.
      """)

  @Option(help: .hidden)
  var adopt: Int32?

  func run() throws {
    let (settings, found) = processSettings()
    if adopt != nil {
      // The services run: what is wrong now can only be said.
      let warnings = found.map { Problem($0.variable, .warning, what: $0.what, fix: $0.fix) }
      supervision(settings, warnings: warnings).run()
    }
    let problems = found + Preparation.check(settings)
    for problem in problems where problem.severity == .error { printError("error: \(problem)") }
    guard !problems.containsError else {
      printError("cannot run: the configuration is wrong; nothing was started. `ibgw check` shows the same list")
      leave(ExitStatus.configuration)
    }
    supervision(settings, warnings: problems.filter { $0.severity == .warning }).run()
  }

  private func supervision(_ settings: Settings, warnings: [Problem]) -> Supervision {
    var supervision = Supervision(settings: settings, warnings: warnings, reread: processSettings) { prepared in
      var layout = ServiceLayout(prepared: prepared)
      layout.findScripts(settings)
      return ServiceSet(settings: settings, layout: layout).definitions
    }
    supervision.inherited = adopt
    supervision.survives = true
    return supervision
  }
}
