/// What the relay read of a client's handshake as it passed by. Each field stays nil where it was not seen.
public struct Handshake: Sendable, Hashable {
  /// The highest API version that the client offered.
  public var clientVersion: Int?
  /// The version that the gateway answered.
  public var serverVersion: Int?
  /// The client id of the first startApi.
  public var clientID: Int?

  init(clientVersion: Int? = nil, serverVersion: Int? = nil, clientID: Int? = nil) {
    self.clientVersion = clientVersion
    self.serverVersion = serverVersion
    self.clientID = clientID
  }
}

/// A connection of the relay, as its control plane names it to the relay. It names nothing any more when the connection has ended.
public struct ConnectionTicket: Sendable, Hashable {
  let raw: UInt64
}

/// One relayed connection, at its opening, now, or at its end.
public struct ConnectionRecord: Sendable {
  /// The connection's number, counted from 1 since the relay started.
  public let id: UInt64
  /// The index of its route.
  public let route: Int
  /// The client's address and port.
  public let peer: Endpoint
  /// When it was accepted, in nanoseconds since 1970.
  public let acceptedAt: UInt64
  /// For how long it has existed, in nanoseconds.
  public let duration: UInt64
  /// What the handshake told.
  public let handshake: Handshake
  /// Bytes that the client sent.
  public let bytesFromClient: UInt64
  /// Bytes that the gateway sent.
  public let bytesFromGateway: UInt64
  /// Who ended it and why; nil while it lives.
  public let ending: Ending?
}

/// An open connection with the health of its two TCP legs.
public struct ConnectionStatus: Sendable {
  /// The TCP health of one leg.
  public struct Leg: Sendable {
    /// The smoothed round-trip time in microseconds.
    public let roundTrip: UInt32
    /// Segments sent again since the connection began.
    public let retransmitted: UInt32
    /// Bytes that the peer has not acknowledged.
    public let unacknowledged: Int
  }

  /// Who it is, and what it has carried.
  public let record: ConnectionRecord
  /// The leg to the client.
  public let client: Leg
  /// The leg to the gateway.
  public let gateway: Leg
  /// Directions that splice instead of copying: 0, 1 or 2.
  public let spliced: Int
}

/// What the relay tells its control plane.
public enum RelayEvent: Sendable {
  /// A connection was accepted, and is not relayed yet. Told only with ``RelayLimits/tellsAccepted``.
  case accepted(ConnectionTicket, id: UInt64, route: Int, peer: Endpoint)
  /// A client is relayed. Told when its handshake has been read, or after a while without one.
  case opened(ConnectionRecord)
  /// A relayed client is gone; its opening was told before.
  case closed(ConnectionRecord)
  /// A connection was not relayed. `id` is 0 for one that was not told before.
  case refused(id: UInt64, route: Int, peer: Endpoint, Refusal)
  /// No connection of the route could be accepted for lack of descriptors or memory (an errno value); it is tried again.
  case acceptFailed(route: Int, error: Int32)
  /// The drain is over, and the relay's thread has ended.
  case stopped

  var isLast: Bool {
    if case .stopped = self { true } else { false }
  }
}
