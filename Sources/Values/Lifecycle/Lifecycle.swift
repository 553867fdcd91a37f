import Trading

/// What follows when a gateway has ended by itself. The raw values are those of `ON_GATEWAY_EXIT`.
public enum GatewayExitPolicy: String, Sendable, Hashable, Codable, CaseIterable {
  /// It is started again, with back-off.
  case restart
  /// The container ends with IBC's own code, once every gateway has ended.
  case exit
}

/// Every decision that the supervisor takes, as a value: (state, event, time) -> (state, actions).
///
/// It knows no process, no clock and no descriptor. The supervisor alone calls it, on its one loop: it hands over what happened,
/// carries out the actions in their order, and calls again with `timePassed` when ``nextWake`` has come. Nothing here waits.
public struct Lifecycle: Sendable, Codable {
  /// Where the whole stands.
  public enum Phase: Sendable, Hashable, Codable {
    /// Services run, or will.
    case running
    /// Everything is being ended, in order. `haste`: 0 in order, 1 hurried, 2 killed. `deadline`: the uptime in ms when it must be over.
    case stopping(cause: String, code: Int32, haste: Int, deadline: Int64)
    /// Everything has ended.
    case ended(code: Int32)
  }

  /// The services in the order in which they are considered for a start.
  public let plans: [ServicePlan]
  /// What is known of each, at the same place as its plan.
  public internal(set) var records: [ServiceRecord]
  /// Where the whole stands.
  public internal(set) var phase = Phase.running

  /// The gateways as a person sees them, live before paper.
  public internal(set) var gateways: [GatewayRecord]

  /// The tailnet as a person sees it; nil where there is none.
  public internal(set) var tailnet: TailnetRecord?

  let onGatewayExit: GatewayExitPolicy
  let policy: GatewayPolicy
  let stopTimeout: Int64
  let places: [ServiceName: Int]
  var random: SeededGenerator

  /// A supervisor of `plans` that has started nothing yet. `stopTimeout` is in milliseconds; `budgets` are what earlier logins cost.
  public init(
    plans: [ServicePlan], onGatewayExit: GatewayExitPolicy = .restart, policy: GatewayPolicy = GatewayPolicy(),
    budgets: [Mode: LoginBudget] = [:], tailnet: TailnetPolicy? = nil, stopTimeout: Int64, seed: UInt64, at now: Moment
  ) {
    self.tailnet = tailnet.map { TailnetRecord(policy: $0, now: now) }
    self.plans = StopBudget.fitted(plans, into: stopTimeout)
    self.onGatewayExit = onGatewayExit
    self.policy = policy
    gateways = plans.compactMap(\.mode).sorted().map { mode in
      var record = GatewayRecord(mode: mode, now: now)
      record.budget = budgets[mode] ?? LoginBudget()
      return record
    }
    self.stopTimeout = stopTimeout
    records = plans.map { _ in ServiceRecord(since: now) }
    places = Dictionary(uniqueKeysWithValues: plans.enumerated().map { ($1.name, $0) })
    random = SeededGenerator(seed: seed)
  }

  /// Takes in one event and returns what has to be done, in order. Once all has ended nothing is to be done any more.
  public mutating func handle(_ event: Event, at now: Moment) -> [Action] {
    if case .ended = phase { return [] }
    var actions: [Action] = []
    note(event, now, &actions)
    switch event {
    case .begin: keepBudgets(now, &actions)
    case .observed: break
    case .tailnet(let what): hear(what, now, &actions)
    case .traffic(let mode, let bytes): weigh(traffic: bytes, of: mode, now, &actions)
    case .service(let name, let what):
      if let place = places[name] { take(what, place, now, &actions) }
    case .stopRequested(let cause): requestStop(cause: cause, code: 0, now, &actions)
    case .supervisorFails(let why): if isRunning { requestStop(cause: why, code: Self.faultCode, now, &actions) }
    case .timePassed: passDeadlines(now, &actions)
    }
    advance(now, &actions)
    reviewGateways(now, &actions)
    reviewTailnet(now, &actions)
    return actions
  }

  /// The uptime in milliseconds at which `timePassed` has to be said next; nil when nothing waits for time.
  public var nextWake: Int64? {
    if case .ended = phase { return nil }
    var next: Int64?
    func consider(_ time: Int64?) {
      if let time { next = min(next ?? time, time) }
    }
    for place in plans.indices {
      consider(records[place].until)
      if records[place].state == .waiting { consider(startsAt(place)) }
    }
    if case .stopping(_, _, _, let deadline) = phase { consider(deadline) }
    consider(gatewayWake)
    consider(tailnetWake)
    return next
  }

  /// The record of a service.
  public func record(_ name: ServiceName) -> ServiceRecord? { places[name].map { records[$0] } }

  /// The exit code after a fault of the supervisor's own: EX_SOFTWARE of sysexits(3).
  static var faultCode: Int32 { 70 }

  var isRunning: Bool { phase == .running }

  /// Starts what can start, or carries the stop on; whatever the event was.
  private mutating func advance(_ now: Moment, _ actions: inout [Action]) {
    switch phase {
    case .running:
      for place in plans.indices where records[place].state == .waiting && dependenciesHold(place, now) {
        if !restsAtStart(place, now, &actions) { start(place, now, &actions) }
      }
    case .stopping: carryOnStop(now, &actions)
    case .ended: break
    }
  }

  private mutating func passDeadlines(_ now: Moment, _ actions: inout [Action]) {
    for place in plans.indices {
      guard let until = records[place].until, until <= now.uptime else { continue }
      records[place].until = nil
      take(.deadline, place, now, &actions)
    }
  }

  // MARK: Dependencies

  private func dependenciesHold(_ place: Int, _ now: Moment) -> Bool {
    plans[place].after.allSatisfy { holds($0, now) }
  }

  private func holds(_ dependency: Dependency, _ now: Moment) -> Bool {
    heldFrom(dependency).map { $0 <= now.uptime } ?? false
  }

  /// The uptime from which on a dependency holds if nothing else happens: long ago if it holds already, nil if time alone never makes it hold.
  private func heldFrom(_ dependency: Dependency) -> Int64? {
    func when(_ holds: Bool) -> Int64? { holds ? .min : nil }
    switch dependency {
    case .ready(let name): return when(record(name).map { $0.state == .running } ?? true)
    case .started(let name): return when(record(name).map { $0.startedAt != nil } ?? true)
    case .finished(let name): return when(record(name).map { $0.state == .finished || $0.state == .stopped } ?? true)
    case .settled(let name, let within):
      guard let other = record(name), !other.settled, other.state == .waiting || other.state == .starting else {
        return .min
      }
      return other.startedAt.map { $0.uptime + within }
    }
  }

  /// What a waiting service waits for, in words; empty when it waits for nothing.
  func missing(_ place: Int, _ now: Moment) -> [String] {
    plans[place].after.filter { !holds($0, now) }.map { dependency in
      switch dependency {
      case .ready(let name): "waits for \(name)"
      case .started(let name): "waits for the start of \(name)"
      case .finished(let name): "waits for the end of \(name)"
      case .settled(let name, _): "lets \(name) log in first"
      }
    }
  }

  /// The uptime at which a waiting service starts if nothing happens until then; nil if time alone does not start it.
  private func startsAt(_ place: Int) -> Int64? {
    var latest = Int64.min
    for dependency in plans[place].after {
      guard let from = heldFrom(dependency) else { return nil }
      latest = max(latest, from)
    }
    return latest == .min ? nil : latest
  }
}
