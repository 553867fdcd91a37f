/// One line of the control socket.
enum ControlCommand: Equatable, Sendable {
  case fault(Fault)
  case heal(Fault.Name)
  case healAll
  case status
  /// Closes everything, and listens again after this many seconds, as the daily auto-restart does.
  case restart(seconds: Int)

  struct ParseError: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  init(line: some StringProtocol) throws(ParseError) {
    let words = line.split(separator: " ")
    switch (words.first, words.count) {
    case ("status", 1):
      self = .status
    case ("fault", 2):
      do { self = .fault(try Fault(text: words[1])) } catch { throw ParseError(description: "\(error)") }
    case ("heal", 2) where words[1] == "all":
      self = .healAll
    case ("heal", 2):
      guard let name = Fault.Name(rawValue: String(words[1])) else {
        throw ParseError(description: "\(Fault.ParseError.unknownName(String(words[1])))")
      }
      self = .heal(name)
    case ("restart", 2):
      guard let seconds = Int(words[1]), (0...86_400).contains(seconds) else {
        throw ParseError(description: "cannot restart: it needs seconds from 0 to 86400; write restart 5")
      }
      self = .restart(seconds: seconds)
    default:
      throw ParseError(
        description: "cannot understand the command: use fault NAME[=S], heal NAME, heal all, status or restart S")
    }
  }
}
