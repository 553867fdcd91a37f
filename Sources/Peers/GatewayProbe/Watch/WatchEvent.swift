import Lifecycle
import Splice
import Trading

extension GatewayWatch {
  /// The number of one connection to the gateway; never used twice by one watch.
  public typealias ConnectionID = Int

  /// How a connection came to its end.
  public enum ConnectionEnd: Sendable, Hashable {
    /// Nobody listens.
    case refused
    /// It was established, and the gateway has ended it.
    case closed
    /// It cannot be established, for this reason.
    case unreachable(String)
  }

  /// What happens to a watch.
  public enum Event: Sendable, Hashable {
    /// The kernel's tables were looked at; `unreadable` also where the gateway is on another machine.
    case looked(ListenTable.Look)
    /// The gateway's machine has taken the connection.
    case connected(ConnectionID)
    /// The gateway has sent something.
    case received(ConnectionID, [UInt8])
    /// The connection is gone in both directions.
    case ended(ConnectionID, ConnectionEnd)
    /// Bytes of the gateway have reached a client: for the clients that are connected, it is alive.
    case trafficSeen
    /// Somebody wants a check now.
    case checkRequested
    /// A known restart begins: nothing is asked until `resumed`.
    case suspended
    /// The restart is over.
    case resumed
    /// It is all over: connections are ended in order, and nothing else is done.
    case stopped
    /// A moment that `wake` named has come.
    case timePassed
  }

  /// What has to be done for a watch.
  public enum Action: Sendable, Hashable {
    /// Look at the kernel's tables; `looked` follows.
    case look(countsUnclosed: Bool)
    /// Connect; `connected` or `ended` follows.
    case connect(ConnectionID)
    /// Send bytes.
    case send(ConnectionID, [UInt8])
    /// End our direction and read on until the gateway has ended its own; `ended` follows.
    case close(ConnectionID)
    /// Give the connection up: the gateway has not closed it, and there are newer ones to listen to.
    case drop(ConnectionID)
    /// Tell the supervisor.
    case report(ProbeReport)
    /// Answer whoever wants a check.
    case checked(CheckReport)
    /// Write a line to the log.
    case say(Severity, String)
  }
}

/// What one check has come to.
public struct CheckReport: Sendable, Hashable, Codable {
  /// Whose API was checked.
  public var mode: Mode
  /// Whether a client could connect and was answered.
  public var ok: Bool
  /// What was seen.
  public var observation: APIObservation
  /// What was seen, in words for a person.
  public var why: String
  /// How long the handshake took, in milliseconds; nil where there was none.
  public var milliseconds: Double?
  /// The API version in force.
  public var serverVersion: Int?
  /// How many accounts the gateway has named.
  public var accounts: Int?
}
