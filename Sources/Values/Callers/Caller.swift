/// Who is at the other end of a connection, as the tailnet tells it.
public enum Caller: Sendable, Hashable {
  /// A node of the tailnet.
  case peer(Peer)
  /// A process of this machine, or somebody on a network beside the tailnet.
  case local
  /// Nobody could tell.
  case unknown

  /// A node of the tailnet and whose it is.
  public struct Peer: Sendable, Hashable {
    /// The login name of its user, such as `alice@example.com`; a tagged node has `tagged-devices` here.
    public let login: String
    /// Its whole name without the last dot, such as `laptop.tail1234.ts.net`.
    public let node: String
    /// Its address in the tailnet.
    public let address: String
    /// Its tags, each with its `tag:`. A node that has some belongs to nobody.
    public let tags: [String]

    /// A node of its parts.
    public init(login: String, node: String, address: String, tags: [String] = []) {
      self.login = login
      self.node = node
      self.address = address
      self.tags = tags
    }
  }

  /// The node, where it is one.
  public var peer: Peer? {
    if case .peer(let peer) = self { peer } else { nil }
  }
}

extension Caller: CustomStringConvertible {
  /// `alice@example.com on laptop`, `tag:bot on worker`, `local` or `unknown`.
  public var description: String {
    switch self {
    case .peer(let peer):
      "\(peer.tags.isEmpty ? peer.login : peer.tags.joined(separator: " ")) on \(peer.shortNode)"
    case .local: "local"
    case .unknown: "unknown"
    }
  }
}

extension Caller.Peer {
  /// The first label of its name: `laptop`.
  public var shortNode: String { String(node.prefix { $0 != "." }) }
}
