import Glibc

/// One end of a relayed connection, or the relay itself.
public enum Party: String, Sendable, Hashable, Codable {
  case client
  case gateway
  case relay
}

/// Why a relayed connection ended. The raw values are the access log's and the API's words: they stay.
public enum EndReason: String, Sendable, Hashable, Codable, CaseIterable {
  /// The party ended its stream in the regular way.
  case closed
  /// The party reset the connection.
  case reset
  /// The party did not answer any more.
  case dead
  /// The network said that the party cannot be reached.
  case unreachable
  /// Another error of the party's socket.
  case failed
  /// Nothing was carried for the idle time-out.
  case idle
  /// A person closed it (`ibgw kick`).
  case kicked
  /// The allow-list was changed, and the client is not on it any more.
  case notAllowed = "not-allowed"
  /// The list of callers was changed, and does not name the client any more.
  case callerNotNamed = "caller-not-named"
  /// It turned out to be no node of the tailnet, and only such are let in.
  case callerLocal = "caller-local"
  /// It has to be known who the client is, and nobody could tell.
  case callerUnknown = "caller-unknown"
  /// The relay was stopped.
  case stopped
}

/// Who ended a relayed connection, and why.
public struct Ending: Sendable, Hashable, Codable {
  /// Who was first to end it.
  public let by: Party
  /// For what reason.
  public let reason: EndReason

  /// An ending of its two parts.
  public init(by: Party, reason: EndReason) {
    self.by = by
    self.reason = reason
  }

  /// The ending that an error of the party's socket means. `error` is an errno value.
  static func failure(of party: Party, error: Int32) -> Ending {
    let reason: EndReason =
      switch error {
      case ECONNRESET, EPIPE: .reset
      case ETIMEDOUT: .dead
      case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: .unreachable
      default: .failed
      }
    return Ending(by: party, reason: reason)
  }

  /// Whether the other party is told by a reset instead of the regular end of the stream.
  var isAbrupt: Bool {
    switch reason {
    case .reset, .dead, .unreachable, .failed: true
    case .closed, .idle, .kicked, .notAllowed, .callerNotNamed, .callerLocal, .callerUnknown, .stopped: false
    }
  }

  /// What a refused or failed dial of the gateway is called. `error` is an errno value.
  static func refusal(dialError error: Int32) -> Refusal {
    switch error {
    case ECONNREFUSED: .gatewayRefused
    case ETIMEDOUT: .gatewayTimeout
    case EMFILE, ENFILE: .descriptors
    default: .gatewayFailed
    }
  }
}
