import Splice

/// What the relay does, as the control API shows it: for the supervisor, the metrics and the status.
public struct RelayReport: Sendable, Codable, Equatable {
  /// One route.
  public struct Route: Sendable, Codable, Equatable {
    /// Its name.
    public let name: String
    /// Where the gateway serves.
    public let upstream: String
    /// Where clients are taken now; empty while none are.
    public let listening: [String]
    /// What was said of each address that could not be listened on.
    public let failures: [String]
    /// What the route was told: `automatic`, `open` or `closed`.
    public let order: String
    /// Whether the gateway's port was open at the last look; left out where nobody looks.
    public let gatewayListens: Bool?
    /// What it has done.
    public let counters: RouteCounters
    /// Lines that could not be written to its access log since the last one that could.
    public let lostLogLines: Int

    enum CodingKeys: String, CodingKey {
      case name, upstream, listening, failures, order, counters
      case gatewayListens = "gateway_listens"
      case lostLogLines = "lost_log_lines"
    }
  }

  /// The routes, in the order in which they were configured.
  public let routes: [Route]
  /// Events that the control plane never saw, because it could not keep up.
  public let droppedEvents: UInt64
  /// The tailnet's side; left out without one.
  public let tailnet: TailnetReport?

  enum CodingKeys: String, CodingKey {
    case routes, tailnet
    case droppedEvents = "dropped_events"
  }
}

/// The body of a request to change who may connect.
public struct AllowList: Sendable, Codable, Equatable {
  /// The ranges, such as `10.0.0.0/8`.
  public let allow: [String]

  /// A list of ranges.
  public init(allow: [String]) { self.allow = allow }
}

/// The body of every answer that is no report: a sentence.
public struct RelayAnswer: Sendable, Codable, Equatable {
  /// What was done, or why it was not.
  public let message: String

  /// An answer with this sentence.
  public init(message: String) { self.message = message }
}
