/// Who of the callers may use the API.
public struct CallerPolicy: Sendable, Hashable {
  /// Why a caller may not.
  public enum Objection: String, Sendable, Hashable {
    /// The list does not name it.
    case notNamed
    /// It is no node of the tailnet.
    case local
    /// Nobody could tell who it is, and somebody has to.
    case unknown
  }

  /// Who may of the tailnet's nodes; empty is everybody whom the tailnet lets through.
  public var rules: [CallerRule]
  /// Whether callers that are no nodes of the tailnet may.
  public var admitsLocal: Bool

  /// A policy of its parts.
  public init(rules: [CallerRule] = [], admitsLocal: Bool = true) {
    self.rules = rules
    self.admitsLocal = admitsLocal
  }

  /// Whether nobody is let in before it is known who it is.
  public var wantsNames: Bool { !rules.isEmpty }

  /// What stands against this caller; nil when nothing does. `suffix` is the end of the names in the gateway's own tailnet.
  public func objection(to caller: Caller, suffix: String?) -> Objection? {
    switch caller {
    case .peer(let peer): rules.isEmpty || rules.contains { $0.names(peer, suffix: suffix) } ? nil : .notNamed
    case .local: admitsLocal ? nil : .local
    case .unknown: wantsNames ? .unknown : nil
    }
  }

  /// Reads a list as a file holds it: entries between commas, white space or ends of line, and comments from # on. The first entry that
  /// is none is thrown.
  public static func rules(of text: String) throws(NoRule) -> [CallerRule] {
    var rules: [CallerRule] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let entries = line.prefix { $0 != "#" }.split { $0 == "," || $0 == " " || $0 == "\t" }
      for entry in entries {
        guard let rule = CallerRule(String(entry)) else { throw NoRule(text: String(entry)) }
        rules.append(rule)
      }
    }
    return rules
  }

  /// An entry that is no rule.
  public struct NoRule: Error, Sendable, Hashable {
    /// The entry.
    public let text: String
  }
}
