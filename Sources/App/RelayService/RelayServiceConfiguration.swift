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
    /// Where the gateway serves.
    public let upstream: Endpoint

    /// A route of its parts.
    public init(name: String, listen: [Endpoint], upstream: Endpoint) {
      self.name = name
      self.listen = listen
      self.upstream = upstream
    }
  }

  /// The routes, at least one.
  public var routes: [Route]
  /// The relay's limits.
  public var limits = RelayLimits()
  /// When the routes listen.
  public var listening = ListenPolicy.whenServing
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
