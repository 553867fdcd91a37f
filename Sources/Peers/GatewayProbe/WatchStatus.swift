import Lifecycle
import Trading

/// What is known of one gateway's API, as the probe's socket tells it.
public struct WatchStatus: Sendable, Equatable, Codable {
  /// The trading mode.
  public var mode: Mode
  /// Where the API is.
  public var address: String
  /// What was seen last; nil before the first look.
  public var observation: APIObservation?
  /// What was seen, in words for a person.
  public var why: String
  /// Since when it is so, in milliseconds since 1970.
  public var since: Int64
  /// Whether a socket listens on the API's port.
  public var listens: Bool
  /// How many checks in a row have failed.
  public var failures: Int
  /// Whether nothing is asked at present, because a restart is known to be under way.
  public var isSuspended: Bool
  /// Whether a connection is kept to ask on.
  public var isConnected: Bool
  /// Connections that the gateway has not accepted yet; nil where the kernel's tables do not tell.
  public var waiting: Int?
  /// Connections that the probe has ended and the gateway has not closed.
  public var unclosed: Int
  /// How long the last answered handshake took, in milliseconds.
  public var handshakeMilliseconds: Double?
  /// The API version of the last answered handshake.
  public var serverVersion: Int?
  /// How many accounts it named.
  public var accounts: Int?
  /// What was done since the probe started.
  public var statistics: ProbeStatistics
}

extension GatewayWatch {
  /// The status at `now`, which is `wall` milliseconds since 1970.
  public func status(at now: Duration, wall: Int64) -> WatchStatus {
    let waiting: Int? = if case .present(let listener) = listening { listener.waiting } else { nil }
    return WatchStatus(
      mode: mode, address: place, observation: lastReport?.observation, why: lastReport?.why ?? "nothing is known yet",
      since: wall - Int64((now - observedSince) / .milliseconds(1)), listens: lastReport?.listens ?? false,
      failures: lastReport?.failures ?? 0, isSuspended: isSuspended, isConnected: kept != nil, waiting: waiting,
      unclosed: connections.values.filter { $0.role == .lingering }.count,
      handshakeMilliseconds: lastHandshake.map { $0.duration / .milliseconds(1) },
      serverVersion: lastHandshake?.serverVersion, accounts: lastHandshake?.accounts, statistics: statistics)
  }
}
