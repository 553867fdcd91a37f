/// What one route has done since the relay started. Counters only rise; `open` and `waiting` are what is so now.
public struct RouteCounters: Sendable, Equatable, Codable {
  /// The route's name.
  public let route: String
  /// Clients relayed now.
  public internal(set) var open = 0
  /// Connections that have not reached the gateway yet.
  public internal(set) var waiting = 0
  /// Connections accepted.
  public internal(set) var accepted: UInt64 = 0
  /// Clients relayed, those of now included.
  public internal(set) var relayed: UInt64 = 0
  /// Connections not relayed, by reason; a reason that never occurred is left out.
  public internal(set) var refused: [String: UInt64] = [:]
  /// Bytes that clients sent, those of open connections included.
  public internal(set) var bytesFromClients: UInt64 = 0
  /// Bytes that the gateway sent, those of open connections included.
  public internal(set) var bytesFromGateway: UInt64 = 0
  /// How long the ended connections lasted, in seconds.
  public internal(set) var durations = Histogram.connectionDuration
  /// How long the gateway took to accept, in seconds.
  public internal(set) var dials = Histogram.dialDuration

  enum CodingKeys: String, CodingKey {
    case route, open, waiting, accepted, relayed, refused, durations, dials
    case bytesFromClients = "bytes_from_clients"
    case bytesFromGateway = "bytes_from_gateway"
  }

  init(route: String) { self.route = route }

  mutating func count(_ refusal: Refusal) { refused[refusal.rawValue, default: 0] += 1 }
}
