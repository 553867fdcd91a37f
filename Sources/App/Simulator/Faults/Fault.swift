/// One of the ways in which a gateway fails its clients, as users of the real one have met them.
public struct Fault: Equatable, Sendable {
  /// What goes wrong. The raw values are those of `--fault` and of the control socket.
  public enum Name: String, Sendable, CaseIterable {
    /// Accepts, and answers nothing to anybody. What is asked meanwhile is lost.
    case mute
    /// Answers the version and nothing else, as while a dialog is open. Waiting clients are served once it heals.
    case stuck
    /// Serves, but no account is logged in.
    case noAccounts = "no-accounts"
    /// Serves, but is not connected to the brokerage: 1100 now, 1102 when it heals.
    case linkLost = "link-lost"
    /// Listens only this many seconds after a start or restart.
    case loginDelay = "login-delay"
    /// Closes new connections at once; old ones work.
    case closeNew = "close-new"
    /// Accepts new connections and never answers them; old ones work.
    case hangNew = "hang-new"
    /// Ends the process this many seconds later, without a word to anybody.
    case crashAfter = "crash-after"
    /// Reads nothing from anybody, so that what clients send piles up; streams go on.
    case stopReading = "stop-reading"
    /// Takes no new connections, so that they pile up in the accept queue; old ones work.
    case stopAccepting = "stop-accepting"

    var takesSeconds: Bool { self == .loginDelay || self == .crashAfter }
  }

  /// Why a text is no fault.
  public enum ParseError: Error, Equatable, CustomStringConvertible {
    /// No fault has this name.
    case unknownName(String)
    /// The fault needs a number of seconds behind an equals sign.
    case needsSeconds(Name)
    /// The fault takes no value.
    case takesNoValue(Name)

    /// One sentence with the fix.
    public var description: String {
      switch self {
      case .unknownName(let name):
        "cannot switch on the fault '\(name)': there is none; use one of "
          + Name.allCases.map { $0.takesSeconds ? $0.rawValue + "=S" : $0.rawValue }.joined(separator: ", ")
      case .needsSeconds(let name):
        "cannot switch on \(name.rawValue): it needs seconds from 0 to 86400; write \(name.rawValue)=5"
      case .takesNoValue(let name):
        "cannot switch on \(name.rawValue): it takes no value; write \(name.rawValue)"
      }
    }
  }

  /// What goes wrong.
  public var name: Name
  /// For `loginDelay` and `crashAfter`, 0 to 86,400; otherwise 0.
  public var seconds: Int

  /// - Parameter text: `mute`, or `login-delay=5`.
  public init(text: some StringProtocol) throws(ParseError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = Name(rawValue: String(parts[0])) else { throw .unknownName(String(parts[0])) }
    self.name = name
    guard name.takesSeconds else {
      guard parts.count == 1 else { throw .takesNoValue(name) }
      seconds = 0
      return
    }
    guard parts.count == 2, let seconds = Int(parts[1]), (0...86_400).contains(seconds) else {
      throw .needsSeconds(name)
    }
    self.seconds = seconds
  }

  /// As it is written.
  public var text: String { name.takesSeconds ? "\(name.rawValue)=\(seconds)" : name.rawValue }
}
