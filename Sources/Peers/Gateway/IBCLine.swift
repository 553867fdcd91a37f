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
    if contains(line, "Duration since login: ") { return .secondFactorClosed }
    // `Login has completed: exiting via ...` is said in a stop, and is no login.
    if line.hasSuffix("Login has completed") { return .loginCompleted }
    if let title = text(after: "frame entitled: ", in: line), let isPaper = isPaper(title: title) {
      return .mainWindow(isPaper: isPaper)
    }
    if contains(line, "Too many failed login attempts") { return .tooManyFailures(wait: wait(in: line)) }
    if line.hasSuffix("IBC: Login failed") { return .loginFailed("the login failed") }
    if contains(line, "Unrecognized Username or Password") {
      return .loginFailed("IBKR does not know the user name or the password")
    }
    if contains(line, "Re-login after second factor authentication timeout") {
      return .secondFactorMissed("the second factor was not given in time")
    }
    if line.hasSuffix("Cold restart in progress") || contains(line, "initiate cold restart") {
      return .coldRestart("IBC gave the login up, to begin it anew")
    }
    if line.hasSuffix("Re-login to session") { return .otherSession(.takesOver) }
    return number(after: "(scenario ", in: line).flatMap(otherSession).map(GatewayEvent.otherSession)
  }

  /// What IBC does about another session, by the number of the case that it names in its handler of that dialog.
  private static func otherSession(scenario: Int) -> OtherSession? {
    switch scenario {
    case 1: .undecided
    case 3, 5: .yields
    case 2, 4, 6: .takesOver
    default: nil
    }
  }

  /// What a main window's title tells about the account; nil for every other window. A paper account's says so, and its number
  /// begins with D; a live one's is said to be live only by an account number that does not.
  private static func isPaper(title: String) -> Bool? {
    if title.contains("(Simulated Trading)") { return true }
    guard title.contains("IBKR Gateway") || title.contains("IB Gateway") || title.contains("Trader Workstation"),
      let account = title.split(whereSeparator: { !($0.isLetter || $0.isNumber) }).first(where: AccountMask.isAccount)
    else { return nil }
    return account.hasPrefix("D")
  }

  /// `Please wait 4 minutes & 47 seconds` in seconds. What is no wait of a day at the most is none that can be believed.
  private static func wait(in line: some StringProtocol) -> Int? {
    let words = line.split(separator: " ")
    var seconds: Int?
    for (word, unit) in zip(words, words.dropFirst()) {
      guard let number = Int(word), (0...86_400).contains(number) else { continue }
      if unit.hasPrefix("minute") { seconds = (seconds ?? 0) + number * 60 }
      if unit.hasPrefix("second") { seconds = (seconds ?? 0) + number }
    }
    return seconds
  }

  private static func text(after text: String, in line: some StringProtocol) -> String? {
    position(after: text, in: line).map { String(line[$0...]) }
  }

  private static func number(after text: String, in line: some StringProtocol) -> Int? {
    guard let start = position(after: text, in: line) else { return nil }
    return Int(line[start...].prefix { $0.isASCII && $0.isNumber })
  }

  private static func contains(_ line: some StringProtocol, _ text: String) -> Bool {
    position(after: text, in: line) != nil
  }

  /// Where `text` ends in the line. IBC puts the time and its name before what it says. Every line of every gateway passes here
  /// several times, so it is looked for in the bytes as they lie.
  private static func position<Line: StringProtocol>(after text: String, in line: Line) -> Line.Index? {
    let needle = Array(text.utf8)
    let found = line.utf8.withContiguousStorageIfAvailable { end(of: needle, in: $0) }
    let offset = found ?? Array(line.utf8).withUnsafeBufferPointer { end(of: needle, in: $0) }
    return offset.map { line.utf8.index(line.startIndex, offsetBy: $0) }
  }

  private static func end(of needle: [UInt8], in haystack: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let first = needle.first, haystack.count >= needle.count else { return nil }
    for start in 0...(haystack.count - needle.count) where haystack[start] == first {
      if haystack[start..<(start + needle.count)].elementsEqual(needle) { return start + needle.count }
    }
    return nil
  }
}
