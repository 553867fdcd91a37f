/// One thing that is wrong with the configuration, as `check` reports it and `run` refuses it.
///
/// The sentence reads `VARIABLE WHAT; FIX`, so `what` goes on where the variable's name ends, and `fix` says what to do.
/// No value of a secret ever stands in either.
public struct Problem: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// How much a problem costs: an error keeps everything from starting, a warning is said and lived with.
  public enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
    case error
    case warning
  }

  /// The variable that a user has to change, or that leads to the thing at fault.
  public let variable: String
  /// What it costs.
  public let severity: Severity
  /// What is wrong, as the rest of a sentence that begins with the variable's name.
  public let what: String
  /// What to do about it, as an imperative.
  public let fix: String

  /// Creates a problem from its parts.
  public init(_ variable: String, _ severity: Severity, what: String, fix: String) {
    self.variable = variable
    self.severity = severity
    self.what = what
    self.fix = fix
  }

  /// The whole sentence.
  public var description: String { "\(variable) \(what); \(fix)" }

  private enum CodingKeys: String, CodingKey {
    case variable
    case severity
    case what = "problem"
    case fix
  }
}

extension Sequence where Element == Problem {
  /// Whether anything here keeps the supervisor from starting.
  public var containsError: Bool { contains { $0.severity == .error } }
}
