import Lifecycle
import Splice
import Trading

/// Everything that is decided about the observation of one gateway's API: when to look, when to connect, what to say, and what it all means.
///
/// It is a value: events and the time go in, actions come out, and somebody else carries them out. It looks at the listener in the kernel's
/// tables, which costs the gateway nothing. Once the listener is there, two whole handshakes have to be answered (the start-up gate); the
/// second's connection is kept to ask for the time on and to hear of the link to IBKR, and a fresh handshake follows each minute, because
/// a gateway can fail new clients alone.
///
/// ```
///            listener seen          two checks answered            a check fails
///   absent ----------------> gate ----------------------> serving --------------> suspected
///     ^                        ^                             ^     one answered      |
///     |  listener gone         |   two answered              +-----------------------+ three failed
///     +------ from any         +------------------------------------- established <--+
/// ```
///
/// A fault that is established is asked about every 5 s as long as that costs the gateway nothing: as long as it closes the connections
/// that the probe has ended. A frozen one does not, and then the probe looks and listens instead, and asks once a minute and on every
/// sign of life: a late answer, an end of an old connection, a shorter accept queue.
///
/// Times are durations since any fixed moment of a clock that never jumps.
public struct GatewayWatch: Sendable {
  /// Whose API it is.
  public let mode: Mode
  /// Where it is, for people.
  public let place: String

  let timing: ProbeTiming
  var ids: ClientIDs
  var statistics = ProbeStatistics()

  var listening = Listening.unknown
  /// Since when every look has found connections that wait to be accepted.
  var queueSince: Duration?
  /// Whether they have been waiting for too long.
  var isQueueStuck = false
  var nextLook = Duration.zero
  /// Whether a look is under way. The next one is due an interval after its outcome: looking may take its time.
  private var isLooking = false

  var connections: [ConnectionID: Connection] = [:]
  private var lastID: ConnectionID = 0
  /// The check that is under way.
  var check: ConnectionID?
  /// When the last check began.
  var checkedAt: Duration?
  var kept: KeptConnection?
  /// Whether the kept connection has been lost and another one is wanted at once.
  var replacesKept = false
  var keptLostAt: Duration?
  var trafficAt = Duration.zero

  /// How many checks of the gate were answered, and when the last good one was.
  var proved = 0
  var provedAt = Duration.zero
  /// What is wrong, while something is.
  var fault: Fault?
  /// What was wrong and established, until the gate has been passed again.
  var recovering: Fault?
  /// Whether the gateway has shown life since the last check failed.
  var hasSign = false
  /// Whether the gateway has not closed the last failed check's connection.
  var leftOpen = false
  var linkLoss: LinkLoss?

  var isDemanded = false
  var isSuspended = false
  var isStopped = false

  /// The last handshake that was answered.
  var lastHandshake: Handshake?
  /// What the supervisor was told last, and since when that is so.
  var lastReport: ProbeReport?
  var observedSince = Duration.zero

  /// What is known of the listener.
  enum Listening: Sendable, Hashable {
    /// Nobody has looked yet.
    case unknown
    case absent
    case present(ListenTable.Listener)
    /// It cannot be looked at: only a connect tells.
    case unseen
  }

  /// That the gateway has lost IBKR.
  struct LinkLoss: Sendable, Hashable {
    /// The connection that told it.
    let by: ConnectionID
    let since: Duration
  }

  /// A handshake that was answered.
  struct Handshake: Sendable, Hashable {
    let duration: Duration
    let serverVersion: Int?
    /// Nil where every reserved client id was in use, so that the accounts were not told.
    let accounts: Int?
  }

  /// How many connections that the gateway does not close are listened to; they are the newest.
  static let mostLingering = 4

  /// - Parameters:
  ///   - mode: whose API it is.
  ///   - place: where it is, for people: `127.0.0.1:4002`.
  ///   - firstClientID: the first of the reserved client ids; the three after it are reserved too.
  ///   - timing: how often and for how long.
  public init(mode: Mode, place: String, firstClientID: Int, timing: ProbeTiming = ProbeTiming()) {
    self.mode = mode
    self.place = place
    self.timing = timing
    ids = ClientIDs(first: firstClientID)
  }

  /// Takes in an event at `now`; what has to be done, in this order.
  public mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .looked(let look):
      isLooking = false
      take(look, now, &actions)
      nextLook = now + lookInterval
    case .connected(let id): connected(id, &actions)
    case .received(let id, let bytes): received(id, bytes, now, &actions)
    case .ended(let id, let end): ended(id, end, now, &actions)
    case .trafficSeen: trafficAt = now
    case .checkRequested: demand(&actions)
    case .suspended: suspend(now, &actions)
    case .resumed: resume()
    case .stopped: stop(now, &actions)
    case .timePassed: break
    }
    guard !isStopped else { return actions }
    proceed(now, &actions)
    return actions
  }

  /// When `timePassed` is due at the latest; nil once stopped.
  public var wake: Duration? {
    guard !isStopped else { return nil }
    let ends = connections.values.compactMap { connection -> Duration? in
      switch connection.role {
      case .checking(let limit): limit
      case .closing(let since, _): since + timing.closeLimit
      case .kept, .lingering: nil
      }
    }
    return ([isLooking ? nil : nextLook, checkDue, questionDue, questionLimit].compactMap(\.self) + ends).min()
  }

  /// Does everything that is due. Where that is a look, its outcome comes first and decides the rest.
  private mutating func proceed(_ now: Duration, _ actions: inout [Action]) {
    if let check, case .checking(let limit) = connections[check]?.role, limit <= now {
      failCheck(connections[check]?.stuck ?? .noVersion, now, &actions)
    }
    settleClosing(now, &actions)
    if let limit = questionLimit, limit <= now { missQuestion(now) }
    if nextLook <= now && !isLooking {
      isLooking = true
      actions.append(.look(countsUnclosed: fault != nil))
    }
    guard !isLooking else { return }
    if let due = checkDue, due <= now { startCheck(now, &actions) }
    if let due = questionDue, due <= now { askTime(now, &actions) }
    tell(now, &actions)
  }

  // MARK: Connections

  mutating func open(clientID: Int, _ now: Duration, _ actions: inout [Action]) {
    lastID += 1
    let limit = fault == nil ? timing.checkLimit : timing.repeatLimit
    connections[lastID] = Connection(clientID: clientID, begun: now, until: now + limit)
    check = lastID
    actions.append(.connect(lastID))
  }

  mutating func close(_ id: ConnectionID, failed: Bool, _ now: Duration, _ actions: inout [Action]) {
    guard connections[id] != nil else { return }
    connections[id]?.role = .closing(since: now, failed: failed)
    actions.append(.close(id))
  }

  /// Ends what is under way, in order: the check, and the kept connection.
  mutating func closeAll(_ now: Duration, _ actions: inout [Action]) {
    if let check { close(check, failed: false, now, &actions) }
    if let kept { close(kept.id, failed: false, now, &actions) }
    check = nil
    kept = nil
  }
}
