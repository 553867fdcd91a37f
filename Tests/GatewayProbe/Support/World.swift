import Lifecycle
import Splice

@testable import GatewayProbe

/// A watch, its gateway and a clock: whatever the watch wants is done at once, and time passes in leaps from one thing that is due to the
/// next.
struct World {
  var watch: GatewayWatch
  var gateway = VirtualGateway()
  /// Whether the kernel's tables can be read.
  var hasTables = true
  private(set) var now = Duration.seconds(1000)
  private(set) var actions: [(at: Duration, action: GatewayWatch.Action)] = []
  /// Looks at the watch after each event, for what must always hold.
  var inspect: (World) -> Void = { _ in }

  init(timing: ProbeTiming = ProbeTiming()) {
    watch = GatewayWatch(mode: .paper, place: "127.0.0.1:4002", firstClientID: 999, timing: timing)
  }

  /// A world in which the gateway has been found serving.
  static func serving(timing: ProbeTiming = ProbeTiming()) -> World {
    var world = World(timing: timing)
    world.pass(.seconds(5))
    return world
  }

  // MARK: What was done

  var reports: [(at: Duration, report: ProbeReport)] {
    actions.compactMap { if case .report(let report) = $0.action { ($0.at, report) } else { nil } }
  }
  var observation: APIObservation? { reports.last?.report.observation }
  var connects: [Duration] { actions.compactMap { if case .connect = $0.action { $0.at } else { nil } } }
  var looks: [Duration] { actions.compactMap { if case .look = $0.action { $0.at } else { nil } } }
  var checks: [CheckReport] {
    actions.compactMap { if case .checked(let report) = $0.action { report } else { nil } }
  }
  /// When the question for the time was put, on whichever connection.
  var questions: [Duration] {
    actions.compactMap { if case .send(_, Conversation.question) = $0.action { $0.at } else { nil } }
  }

  mutating func forget() { actions = [] }

  // MARK: What happens

  /// Lets time pass, everything in its turn.
  mutating func pass(_ duration: Duration) {
    let end = now + duration
    if actions.isEmpty && watch.lastReport == nil { handle(.timePassed) }
    while let due = watch.wake, due <= end {
      now = max(now, due)
      handle(.timePassed)
      // Whatever was due is done, or the clock would stand still.
      if let next = watch.wake { precondition(next > now, "the watch wants to be woken again at once") }
    }
    now = end
  }

  /// Passes until the watch reports what is awaited, and says how long that took; nil after `limit`.
  mutating func pass(until condition: (ProbeReport) -> Bool, limit: Duration) -> Duration? {
    let start = now
    while !(watch.lastReport.map(condition) ?? false) {
      guard let due = watch.wake, due <= start + limit else { return nil }
      now = max(now, due)
      handle(.timePassed)
    }
    return now - start
  }

  /// Changes the gateway, which goes on at once.
  mutating func change(_ change: (inout VirtualGateway) -> Void) {
    change(&gateway)
    settle()
  }

  mutating func link(_ isLinked: Bool) {
    let outcomes = gateway.link(isLinked)
    for outcome in outcomes { handle(event(outcome)) }
  }

  mutating func handle(_ event: GatewayWatch.Event) {
    var events = [event]
    while !events.isEmpty {
      let new = watch.handle(events.removeFirst(), at: now)
      actions += new.map { (now, $0) }
      for action in new { events += carryOut(action) }
      inspect(self)
    }
  }

  private mutating func settle() {
    while true {
      let outcomes = gateway.act(at: now)
      guard !outcomes.isEmpty else { return }
      for outcome in outcomes { handle(event(outcome)) }
    }
  }

  private func event(_ outcome: VirtualGateway.Outcome) -> GatewayWatch.Event {
    switch outcome {
    case .sends(let id, let bytes): .received(id, bytes)
    case .ends(let id): .ended(id, .closed)
    }
  }

  private mutating func carryOut(_ action: GatewayWatch.Action) -> [GatewayWatch.Event] {
    switch action {
    case .look(let countsUnclosed):
      guard hasTables else { return [.looked(.unreadable)] }
      guard gateway.listens else { return [.looked(.absent)] }
      let listener = ListenTable.Listener(
        inode: gateway.inode, waiting: gateway.waiting, unclosed: countsUnclosed ? gateway.unclosed : nil)
      return [.looked(.present(listener))]
    case .connect(let id):
      guard gateway.connect(id) else { return [.ended(id, .refused)] }
      return [.connected(id)] + gateway.act(at: now).map(event)
    case .send(let id, let bytes): gateway.send(id, bytes)
    case .close(let id): gateway.end(id)
    // What is given up here stays in the gateway as it was.
    case .report, .checked, .say, .drop: return []
    }
    return gateway.act(at: now).map(event)
  }
}
