/// What a node joins with, and how it is to be known: the settings' part of its preferences. It may hold the key; hand it on by value and
/// never print it.
public struct TailnetLogin: Sendable, Codable, Equatable {
  /// The key; nil asks for an address at which a person can add the node.
  public var key: String?
  /// The name that it is to have; nil leaves it.
  public var hostname: String?
  /// The tags that it is to have, each with its `tag:`; nil leaves them.
  public var tags: [String]?
  /// The control server; nil leaves it.
  public var loginServer: String?

  /// A login of its parts.
  public init(key: String? = nil, hostname: String? = nil, tags: [String]? = nil, loginServer: String? = nil) {
    self.key = key
    self.hostname = hostname
    self.tags = tags
    self.loginServer = loginServer
  }
}
