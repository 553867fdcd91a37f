import Callers
import Clocks
import NIOCore
import Splice
import Tailnet

/// Knows who the connections' clients are: asks tailscaled for each of them, holds what is to be written of it until the answer is
/// there, and says who may not stay. The relay's own thread never waits for it.
///
/// A connection is told first by ``accepted(_:id:route:peer:)``, then as opened and closed, or as refused. Owned by `loop`.
final class CallerDesk {
  /// One connection, from its accept to its end.
  struct Entry {
    let ticket: ConnectionTicket
    let route: Int
    let peer: Endpoint
    /// Monotonic nanoseconds.
    let acceptedAt: UInt64
    var enquiry: Enquiry
    var caller: Caller?
    /// What came before it was known who it is.
    var opened: ConnectionRecord?
    var closed: ConnectionRecord?
    var isRelayed = false
    var isDismissed = false
  }

  /// What the desk has done since it began.
  struct Statistics: Sendable {
    /// How many clients turned out to be what.
    var results: [String: UInt64] = ["peer": 0, "local": 0, "unknown": 0]
    /// How long it took until that was known, in seconds.
    var durations = Histogram(bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
  }

  /// What follows from what the desk learns.
  struct Outlets {
    /// A line for the log.
    let say: (Notice) -> Void
    /// A client's beginning, for the access log.
    let opened: (ConnectionRecord, Caller?) -> Void
    /// A client's end, for the access log.
    let closed: (ConnectionRecord, Caller?) -> Void
    /// What was held is given out now, outside of any event of the relay's.
    let released: () -> Void
  }

  let relay: Relay
  private let api: LocalAPI
  private let loop: any EventLoop
  let routes: [String]
  let outlets: Outlets
  var entries: [UInt64: Entry] = [:]
  /// Connections whose turn to be asked for has not come.
  private var queue: [UInt64] = []
  private var asking = 0
  private var isUnanswered = false
  /// Whether a connection may wait for its leave: so from the first policy on that wanted names.
  var mayWait: Bool
  private(set) var statistics = Statistics()
  var policy: CallerPolicy
  /// By which way the clients come.
  var door: TailnetDoor

  /// How many questions are under way at a time.
  private static let questions = 32

  init(
    _ relay: Relay, _ api: LocalAPI, on loop: any EventLoop, routes: [String], policy: CallerPolicy,
    door: TailnetDoor, outlets: Outlets
  ) {
    self.relay = relay
    self.api = api
    self.loop = loop
    self.routes = routes
    self.policy = policy
    mayWait = policy.wantsNames
    self.door = door
    self.outlets = outlets
  }

  /// Who a connection's client is, as far as that is known.
  func caller(_ id: UInt64) -> Caller? { entries[id]?.caller }

  /// The clients that are relayed now and known, with their routes.
  var relayed: [(route: Int, caller: Caller)] {
    entries.values.compactMap { entry in entry.isRelayed ? entry.caller.map { (entry.route, $0) } : nil }
  }

  // MARK: What the relay tells

  func accepted(_ ticket: ConnectionTicket, id: UInt64, route: Int, peer: Endpoint) {
    let now = SystemClock.uptimeNanoseconds
    entries[id] = Entry(
      ticket: ticket, route: route, peer: peer, acceptedAt: now, enquiry: Enquiry(began: Int64(now / 1_000_000)))
    guard door.mayBePeer(peer.address) else { return settle(id, .local) }
    queue.append(id)
    askNext()
  }

  func opened(_ record: ConnectionRecord) {
    entries[record.id]?.isRelayed = true
    if let entry = entries[record.id], entry.caller == nil {
      entries[record.id]?.opened = record
    } else {
      outlets.opened(record, entries[record.id]?.caller)
    }
    // It was let in before it was known, and became a client only then.
    if let entry = entries[record.id], entry.isDismissed { sayCut(record.id, entry) }
  }

  func closed(_ record: ConnectionRecord) {
    entries[record.id]?.isRelayed = false
    if let entry = entries[record.id], entry.caller == nil {
      entries[record.id]?.closed = record
    } else {
      outlets.closed(record, entries[record.id]?.caller)
      entries[record.id] = nil
    }
  }

  /// Who was refused, as far as that is known.
  func refused(_ id: UInt64) -> Caller? { entries.removeValue(forKey: id)?.caller }

  /// Takes in which connections are relayed, after the relay's events could not all be kept: who is gone is forgotten, and who was never
  /// told is returned.
  func reconcile(with relayed: Set<UInt64>) -> Set<UInt64> {
    for (id, entry) in entries where entry.isRelayed && !relayed.contains(id) { entries[id] = nil }
    return relayed.subtracting(entries.keys)
  }

  /// Writes what is still held; nothing is asked any more.
  func end() {
    for entry in entries.values {
      if let record = entry.opened { outlets.opened(record, entry.caller) }
      if let record = entry.closed { outlets.closed(record, entry.caller) }
    }
    entries = [:]
    queue = []
  }

  // MARK: The questions

  private func askNext() {
    while asking < Self.questions, !queue.isEmpty {
      let batch = queue.prefix(Self.questions - asking)
      queue.removeFirst(batch.count)
      batch.forEach(ask)
    }
  }

  private func ask(_ id: UInt64) {
    guard let entry = entries[id] else { return }
    asking += 1
    let bound = NIOLoopBound(self, eventLoop: loop)
    api.whois("\(entry.peer)").whenSuccess { answer in
      bound.value.asking -= 1
      bound.value.answered(id, answer)
      bound.value.askNext()
    }
  }

  private func answered(_ id: UInt64, _ answer: WhoisAnswer) {
    note(answer)
    guard let step = entries[id]?.enquiry.next(answer, at: SystemClock.uptime) else { return }
    switch step {
    case .settled(let caller): settle(id, caller)
    case .again(let pause):
      let bound = NIOLoopBound(self, eventLoop: loop)
      loop.scheduleTask(in: .milliseconds(pause)) {
        bound.value.queue.append(id)
        bound.value.askNext()
      }
    }
  }

  /// Says when tailscaled begins to answer nothing, and when it answers again.
  private func note(_ answer: WhoisAnswer) {
    if case .unanswered(let why) = answer {
      guard !isUnanswered else { return }
      isUnanswered = true
      let cost =
        policy.wantsNames ? "clients are refused until it does" : "clients are relayed without a name until it does"
      outlets.say(Notice(.warning, "tailscaled cannot be asked who calls: \(why); \(cost)"))
    } else if isUnanswered {
      isUnanswered = false
      outlets.say(Notice(.info, "tailscaled can be asked again who calls"))
    }
  }

  private func settle(_ id: UInt64, _ caller: Caller) {
    guard let entry = entries[id] else { return }
    let word =
      switch caller {
      case .peer: "peer"
      case .local: "local"
      case .unknown: "unknown"
      }
    statistics.results[word, default: 0] += 1
    statistics.durations.record(Double(SystemClock.uptimeNanoseconds - entry.acceptedAt) / 1e9)
    entries[id]?.caller = caller
    entries[id]?.opened = nil
    if let record = entry.opened { outlets.opened(record, caller) }
    if let record = entry.closed {
      outlets.closed(record, caller)
      entries[id] = nil
    }
    if entry.opened != nil || entry.closed != nil { outlets.released() }
    guard entry.closed == nil else { return }
    if policy.objection(to: caller, suffix: door.suffix) == nil {
      if mayWait { relay.admit(entry.ticket) }
    } else {
      dismissIfUnwanted(id)
    }
  }
}
