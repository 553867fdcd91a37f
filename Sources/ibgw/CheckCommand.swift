import ArgumentParser
import FoundationEssentials
import Preparation
import Settings

/// `ibgw check`
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Reports everything that is wrong with the configuration, at once.",
    discussion: "Exits with 78 when anything would keep the supervisor from starting, and with 0 otherwise.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let (settings, found) = processSettings()
    let problems = found + Preparation.check(settings) + Preparation.checkCaddyfile(settings)
    let report = Report(problems: problems, notes: [Preparation.tailnet(settings).note].compactMap { $0 })
    if json {
      print(try encoded(report))
    } else {
      print(report.text, terminator: "")
    }
    if problems.containsError { throw ExitCode(78) }
  }

  /// What was found, with its counts.
  struct Report: Encodable {
    let problems: [Problem]
    let errors: Int
    let warnings: Int
    /// What is as it was asked for, and worth knowing.
    let notes: [String]

    init(problems: [Problem], notes: [String]) {
      self.notes = notes
      self.problems = problems.filter { $0.severity == .error } + problems.filter { $0.severity == .warning }
      errors = problems.count { $0.severity == .error }
      warnings = problems.count - errors
    }

    /// A line for each problem, and one for the verdict.
    var text: String {
      let lines = problems.map { "\($0.severity.rawValue): \($0)\n" }
      return lines.joined() + notes.map { "note: \($0)\n" }.joined() + verdict + "\n"
    }

    private var verdict: String {
      func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
      return switch (errors, warnings) {
      case (0, 0): "The configuration is fine."
      case (0, _): "The configuration can run, with \(count(warnings, "warning"))."
      case (_, 0): "The configuration cannot run: \(count(errors, "error"))."
      default: "The configuration cannot run: \(count(errors, "error")), \(count(warnings, "warning"))."
      }
    }
  }
}

/// A value as JSON that reads well and is the same each time.
func encoded(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
