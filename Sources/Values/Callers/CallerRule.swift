/// One entry of the list of who may use the API. Letters count as the same in either case, as they do in mail addresses and names of hosts.
public enum CallerRule: Sendable, Hashable {
  /// `alice@example.com`: her nodes that have no tag.
  case user(String)
  /// `*@example.com`: the untagged nodes of everybody whose login name ends so.
  case domain(String)
  /// `tag:bot`: the nodes that have this tag.
  case tag(String)
  /// `laptop`: the node of this name in the gateway's own tailnet.
  case node(String)
  /// `laptop.tail1234.ts.net`: the node of this whole name, also one that another tailnet shares.
  case wholeNode(String)

  /// Reads an entry; nil for what is none.
  public init?(_ text: String) {
    let text = text.lowercased()
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.isASCII && $0.value > 0x20 && $0 != "," && $0 != "\"" && $0 != "\\"
    }
    guard isPlain else { return nil }
    if text.hasPrefix("tag:") {
      guard text.count > 4, !text.contains("@") else { return nil }
      self = .tag(text)
      return
    }
    let sides = text.split(separator: "@", omittingEmptySubsequences: false)
    switch sides.count {
    case 2 where sides[0] == "*" && Self.isName(sides[1]): self = .domain("@\(sides[1])")
    case 2 where !sides[0].isEmpty && !sides[0].contains("*") && Self.isName(sides[1]): self = .user(text)
    case 1 where Self.isName(sides[0]): self = sides[0].contains(".") ? .wholeNode(text) : .node(text)
    default: return nil
    }
  }

  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.first != "." && text.last != "."
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_") }
  }

  /// Whether it names this node. `suffix` is what the names in the gateway's own tailnet end with, such as `tail1234.ts.net`: a node that
  /// another tailnet shares can have any short name.
  public func names(_ peer: Caller.Peer, suffix: String?) -> Bool {
    switch self {
    case .user(let login): peer.tags.isEmpty && peer.login.lowercased() == login
    case .domain(let domain): peer.tags.isEmpty && peer.login.lowercased().hasSuffix(domain)
    case .tag(let tag): peer.tags.contains { $0.lowercased() == tag }
    case .node(let name): suffix.map { peer.node.lowercased() == "\(name).\($0.lowercased())" } ?? false
    case .wholeNode(let name): peer.node.lowercased() == name
    }
  }
}
