import Lifecycle

/// What a line of IBC's output tells about the login. The texts are those of IBC 3.24.1 and its ibcstart.sh.
public enum IBCLine {
  /// The event in a line; nil when it tells nothing of the kind.
  public static func event(in line: some StringProtocol) -> GatewayEvent? {
    if line.hasPrefix("Starting Gateway with this command") || line.hasPrefix("Starting TWS with this command") {
      return .javaStarting
    }
    if let code = number(after: "IBC returned exit status ", in: line) {
      return .javaEnded(Int32(truncatingIfNeeded: code))
    }
    if let attempt = number(after: "Login attempt: ", in: line) { return .loginAttempt(attempt) }
    if contains(line, "Second Factor Authentication initiated") { return .secondFactorAsked }
    // `Login has completed: exiting via ...` is said in a stop, and is no login.
    if line.hasSuffix("Login has completed") { return .loginCompleted }
    return nil
  }

  private static func number(after text: String, in line: some StringProtocol) -> Int? {
    guard let start = position(after: text, in: line) else { return nil }
    return Int(line[start...].prefix { $0.isASCII && $0.isNumber })
  }

  private static func contains(_ line: some StringProtocol, _ text: String) -> Bool {
    position(after: text, in: line) != nil
  }

  /// Where `text` ends in the line. IBC puts the time and its name before what it says.
  private static func position<Line: StringProtocol>(after text: String, in line: Line) -> Line.Index? {
    let (haystack, needle) = (line.utf8, Array(text.utf8))
    var index = haystack.startIndex
    while index != haystack.endIndex {
      if haystack[index...].starts(with: needle) { return haystack.index(index, offsetBy: needle.count) }
      index = haystack.index(after: index)
    }
    return nil
  }
}
