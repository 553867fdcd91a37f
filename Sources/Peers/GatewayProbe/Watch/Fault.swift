import Lifecycle

/// What is wrong with a gateway's API, from the first failed check until the next good one.
struct Fault: Sendable, Hashable {
  /// How a check fails.
  enum Kind: Sendable, Hashable {
    /// Connections wait to be accepted for too long.
    case queueStuck
    /// The connect itself is not answered.
    case connectUnanswered
    /// No version.
    case noVersion
    /// A version, and neither accounts nor an order id.
    case noStart
    /// The list of accounts is empty.
    case noAccounts
    /// A whole handshake, and then no answer to a question.
    case noTime
    /// The question on the kept connection was not answered.
    case questionUnanswered
    /// The gateway ends the connection before the handshake is complete.
    case closed
    /// What it sends is not the API.
    case notTheAPI
    /// The connect is refused, whatever the kernel's tables say.
    case refused
    /// The connect fails for another reason.
    case unreachable(String)
  }

  /// After how many failures in a row a fault is beyond chance.
  static let established = 3

  var kind: Kind
  /// When the first check failed.
  let since: Duration
  /// How many checks in a row have failed.
  var count = 1

  init(_ kind: Kind, since: Duration) {
    self.kind = kind
    self.since = since
  }

  var isEstablished: Bool { count >= Self.established }
}

extension Fault.Kind {
  /// Whether a new client would wait for an answer that does not come.
  var isHang: Bool {
    switch self {
    case .queueStuck, .connectUnanswered, .noVersion, .noStart, .noTime: true
    case .noAccounts, .questionUnanswered, .closed, .notTheAPI, .refused, .unreachable: false
    }
  }

  /// The name of what was seen, where nothing else is known.
  var observation: APIObservation {
    switch self {
    case .queueStuck, .connectUnanswered: .acceptQueueFull
    case .noVersion, .noTime, .questionUnanswered, .notTheAPI: .silent
    case .noStart: .notLoggedIn
    case .noAccounts: .noAccounts
    case .closed: .closesNewClients
    case .refused, .unreachable: .refused
    }
  }

  /// What was seen, for a person.
  func why(_ place: String) -> String {
    switch self {
    case .queueStuck: "connections to \(place) wait to be accepted and nobody accepts them: the gateway is frozen"
    case .connectUnanswered: "a connect to \(place) is not answered: its accept queue is full, the gateway is frozen"
    case .noVersion:
      "\(place) takes connections and does not say its version: the gateway is frozen, a dialog is open, or nobody is logged in"
    case .noStart:
      "\(place) says its version and nothing about accounts: nobody is logged in, or a dialog is open"
    case .noAccounts: "\(place) names no account: the login is not complete"
    case .noTime: "\(place) takes a new client and then does not answer its question: the gateway is frozen"
    case .questionUnanswered: "a client that is connected to \(place) gets no answer"
    case .closed: "\(place) closes a new client's connection before the handshake is complete"
    case .notTheAPI: "what answers on \(place) is not the API; is another program on that port?"
    case .refused: "nothing takes connections on \(place)"
    case .unreachable(let reason): "\(place) cannot be reached: \(reason)"
    }
  }
}
