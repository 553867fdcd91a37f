/// One connection to a gateway, from the connect to its end in both directions.
struct Connection: Sendable {
  /// What it is for.
  enum Role: Sendable, Hashable {
    /// The check that is under way, which fails at this moment.
    case checking(until: Duration)
    /// The one that is kept to ask on and to hear notices.
    case kept
    /// Our direction is ended, since this moment. `failed`: by a check that had failed.
    case closing(since: Duration, failed: Bool)
    /// The gateway has not closed it in time. As long as we do not either, it is heard when the gateway gets to it; giving it up would
    /// meet the late answer with an RST.
    case lingering
  }

  var conversation: Conversation
  var role: Role
  /// When the connect began.
  let begun: Duration
  /// Whether the gateway's machine has taken it.
  var isConnected = false
  /// Whether this connection has told that the link to IBKR is lost, or that a data farm is connected.
  var toldLoss = false
  var toldFarm = false

  init(clientID: Int, begun: Duration, until limit: Duration) {
    conversation = Conversation(clientID: clientID)
    role = .checking(until: limit)
    self.begun = begun
  }

  /// What it means that the check gets no further than this.
  var stuck: Fault.Kind {
    guard isConnected else { return .connectUnanswered }
    switch conversation.stage {
    case .version: return .noVersion
    case .start: return conversation.accounts == 0 ? .noAccounts : .noStart
    case .time, .open: return .noTime
    }
  }
}

/// The connection that stays, and the questions on it.
struct KeptConnection: Sendable {
  let id: GatewayWatch.ConnectionID
  /// When the last question was put, and when the last answer came.
  var askedAt: Duration
  var answeredAt: Duration
  /// Whether an answer is due.
  var isAsked = false
  /// How many questions in a row were not answered in time.
  var missed = 0
}
