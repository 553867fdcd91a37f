import Callers
import Splice

/// One client as the control API shows it; the names are the access log's.
public struct ClientReport: Sendable, Codable, Equatable {
  /// The number to kick it by.
  public let id: UInt64
  /// The route's name.
  public let route: String
  /// The client's address.
  public let remoteIP: String
  /// The client's port.
  public let remotePort: String
  /// Who it is, where there is a tailnet and it is known.
  public let caller: CallerReport?
  /// When it was accepted, in seconds since 1970.
  public let since: Double
  /// For how long it has been connected, in seconds.
  public let duration: Double
  /// The API client id, once it is known.
  public let clientID: Int?
  /// The highest API version that the client offered, once it is known.
  public let clientVersion: Int?
  /// The API version in force, once it is known.
  public let serverVersion: Int?
  /// Bytes that the client sent.
  public let bytesRead: UInt64
  /// Bytes that were sent to the client.
  public let size: UInt64
  /// Bytes per second from the client in the moment before the answer.
  public let readRate: Double
  /// Bytes per second to the client in the moment before the answer.
  public let sendRate: Double
  /// The leg to the client.
  public let clientLeg: Leg
  /// The leg to the gateway.
  public let gatewayLeg: Leg
  /// Directions that are spliced as bulk: 0, 1 or 2.
  public let spliced: Int

  /// The TCP health of one leg.
  public struct Leg: Sendable, Codable, Equatable {
    /// The round-trip time in microseconds.
    public let roundTrip: UInt32
    /// Segments sent again.
    public let retransmitted: UInt32
    /// Bytes that the peer has not acknowledged.
    public let unacknowledged: Int

    enum CodingKeys: String, CodingKey {
      case roundTrip = "rtt_us"
      case retransmitted = "retransmits"
      case unacknowledged = "unacked_bytes"
    }

    init(_ leg: ConnectionStatus.Leg) {
      roundTrip = leg.roundTrip
      retransmitted = leg.retransmitted
      unacknowledged = leg.unacknowledged
    }
  }

  enum CodingKeys: String, CodingKey {
    case id, route, caller, since, duration, size, spliced
    case remoteIP = "remote_ip"
    case remotePort = "remote_port"
    case clientID = "client_id"
    case clientVersion = "client_version"
    case serverVersion = "server_version"
    case bytesRead = "bytes_read"
    case readRate = "read_rate"
    case sendRate = "send_rate"
    case clientLeg = "client_tcp"
    case gatewayLeg = "gateway_tcp"
  }

  /// The report of a connection on the named route and of its caller; `before` is the same connection a moment earlier, for the rates.
  init(_ status: ConnectionStatus, route: String, caller: Caller? = nil, before: ConnectionStatus?) {
    let record = status.record
    id = record.id
    self.route = route
    remoteIP = record.peer.address.description
    remotePort = String(record.peer.port)
    self.caller = caller.flatMap { CallerReport($0) }
    since = Double(record.acceptedAt / 1_000_000) / 1000
    duration = Double(record.duration) / 1e9
    clientID = record.handshake.clientID
    clientVersion = record.handshake.clientVersion
    serverVersion = record.handshake.serverVersion
    bytesRead = record.bytesFromClient
    size = record.bytesFromGateway
    // A connection that was not there before has carried all that it carried in its whole short life.
    let elapsed = Double(record.duration - (before?.record.duration ?? 0)) / 1e9
    let perSecond = elapsed > 0 ? 1 / elapsed : 0
    readRate = Double(record.bytesFromClient - (before?.record.bytesFromClient ?? 0)) * perSecond
    sendRate = Double(record.bytesFromGateway - (before?.record.bytesFromGateway ?? 0)) * perSecond
    clientLeg = Leg(status.client)
    gatewayLeg = Leg(status.gateway)
    spliced = status.spliced
  }
}
