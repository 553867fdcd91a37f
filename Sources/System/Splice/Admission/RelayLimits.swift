/// Every limit of the relay. Durations are in seconds, sizes in bytes.
public struct RelayLimits: Sendable, Equatable {
  /// Who may connect.
  public var allowed = AddressRange.loopbackAndPrivate
  /// Clients relayed at a time on each route. IBKR's gateway takes 32; one place stays free for a probe.
  public var clients = 31
  /// Connections of a route that have not said anything yet.
  public var waiting = 1024
  /// New connections per second of one address, and how many at once before that rate applies; 0 is no limit.
  public var rate = 50
  /// Whether a client must open with the API's first bytes, and within `helloTimeout`.
  public var checksHello = true
  /// How long a client may take to send its first four bytes. Counts only with `checksHello`.
  public var helloTimeout = 10.0
  /// How long the gateway may take to accept.
  public var dialTimeout = 5.0
  /// How long a connection may carry nothing at all before it is closed; 0 is for ever.
  public var idleTimeout = 0.0
  /// How long a peer may leave what was sent to it unacknowledged, or its receive window shut, before it counts as dead; an
  /// idle one is asked by TCP keepalive and dropped after the same time. 0 leaves both to the system's defaults.
  public var deadPeerTimeout = 60.0
  /// Whether each accepted connection is told by ``RelayEvent/accepted(_:id:route:peer:)``, so that it can be asked who it is.
  public var tellsAccepted = false
  /// Whether nothing of a connection is read before ``Relay/admit(_:)``. Counts only with `tellsAccepted`.
  public var awaitsLeave = false
  /// How long such a connection waits for its leave.
  public var leaveTimeout = 5.0
  /// When a direction is moved by splice(2) instead of being copied.
  public var transfer = TransferChoice.automatic

  /// The default limits.
  public init() {}
}

/// How bytes are moved from one socket to the other.
public enum TransferChoice: String, Sendable, Equatable, CaseIterable {
  /// Copied, until a direction carries bulk.
  case automatic
  /// Always copied.
  case copy
  /// Always spliced, where pipes can be had.
  case splice
}

/// What decides whether a connection is taken when it is accepted, before any byte of it is read.
struct Admission: Sendable {
  var limits: RelayLimits
  private var rates: ConnectionRates

  init(limits: RelayLimits) {
    self.limits = limits
    rates = ConnectionRates(perSecond: limits.rate)
  }

  /// Whether `address` is in the allow-list as it is now.
  func allows(_ address: IPAddress) -> Bool { limits.allowed.contains { $0.contains(address) } }

  /// The reason to refuse a connection from `address` at `now` (monotonic nanoseconds), or nil to take it. A refused address
  /// that is not allowed costs no memory; one that is allowed is charged for its attempt.
  mutating func refusal(of address: IPAddress, at now: UInt64, clients: Int, waiting: Int) -> Refusal? {
    guard allows(address) else { return .notAllowed }
    guard rates.admits(address, at: now) else { return .rate }
    guard clients < limits.clients else { return .tooManyClients }
    guard waiting < limits.waiting else { return .tooManyWaiting }
    return nil
  }
}
