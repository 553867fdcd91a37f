import Splice

/// When a route listens for clients.
public enum ListenPolicy: String, Sendable, CaseIterable {
  /// Only while the gateway's own port is open: else a connect is refused, which is the honest answer to every client and check.
  case whenServing = "when-serving"
  /// Always; while the gateway is down, a client is closed as soon as it has said hello.
  case always
}

/// Everything that a relay process is told at its start.
public struct RelayServiceConfiguration: Sendable {
  /// A gateway, and where its clients connect.
  public struct Route: Sendable, Hashable {
    /// The name, such as `live`: letters, digits and hyphens.
    public let name: String
    /// Where clients connect.
    public let listen: [Endpoint]
    /// The port on which the tailnet's clients connect too, wherever those come in; nil where it is among the others, or unwanted.
    public let tailnetPort: UInt16?
    /// Where the gateway serves.
    public let upstream: Endpoint

    /// A route of its parts.
    public init(name: String, listen: [Endpoint], tailnetPort: UInt16? = nil, upstream: Endpoint) {
      self.name = name
      self.listen = listen
      self.tailnetPort = tailnetPort
      self.upstream = upstream
    }
  }

  /// The tailnet that clients come from.
  public struct Tailnet: Sendable, Hashable {
    /// tailscaled's socket.
    public let socket: String
    /// Whether the kernel routes for it rather than tailscaled; nil where tailscaled is to be asked.
    public let usesKernel: Bool?
    /// Whether tailscaled, should it turn out to dial 127.0.0.1 for its peers, reaches only what it may.
    public let isGuarded: Bool
    /// The file with the list of who may; nil where everybody may whom the tailnet lets through.
    public let callersFile: String?
    /// Whether callers that are no nodes of the tailnet may.
    public let admitsLocal: Bool

    /// A tailnet of its parts.
    public init(
      socket: String, usesKernel: Bool?, isGuarded: Bool, callersFile: String?, admitsLocal: Bool
    ) {
      self.socket = socket
      self.usesKernel = usesKernel
      self.isGuarded = isGuarded
      self.callersFile = callersFile
      self.admitsLocal = admitsLocal
    }
  }

  /// The routes, at least one.
  public var routes: [Route]
  /// The relay's limits.
  public var limits = RelayLimits()
  /// When the routes listen.
  public var listening = ListenPolicy.whenServing
  /// The tailnet whose nodes are told apart; nil for none.
  public var tailnet: Tailnet?
  /// The control API's socket; nil for none.
  public var socketPath: String?
  /// Where the access logs are written; nil for nowhere.
  public var logDirectory: String?
  /// The size in bytes at which an access log is set aside.
  public var logSize = 10 << 20
  /// How many access logs that were set aside are kept.
  public var logsKept = 5
  /// How long a stop may take, in seconds.
  public var drainTime = 3.0

  /// The defaults for these routes.
  public init(routes: [Route]) { self.routes = routes }
}
