import Testing
import Trading

@testable import Lifecycle

/// A lifecycle and a clock of its own. Events go in; the actions come out, without the log's lines, which are kept in `lines`.
struct Stage {
  var lifecycle: Lifecycle
  private(set) var now: Moment
  /// The log, as `severity service: text`.
  private(set) var lines: [String] = []
  /// The alerts, and the log's lines about a gateway's state, each apart from the rest.
  private(set) var alerts: [Alert] = []
  private(set) var stateLines: [String] = []
  /// What was to be written down, the last for each mode.
  private(set) var persisted: [Mode: LoginBudget] = [:]
  private var lastPid: Int32 = 100

  init(
    _ plans: [ServicePlan], onGatewayExit: GatewayExitPolicy = .restart, policy: GatewayPolicy = GatewayPolicy(),
    budgets: [Mode: LoginBudget] = [:], tailnet: TailnetPolicy? = nil, stopTimeout: Int64 = 110_000,
    at start: Moment = Self.start
  ) {
    now = start
    lifecycle = Lifecycle(
      plans: plans, onGatewayExit: onGatewayExit, policy: policy, budgets: budgets, tailnet: tailnet,
      stopTimeout: stopTimeout, seed: 1, at: start)
  }

  static let start = Moment(uptime: 1_000_000, wall: 1_700_000_000_000)

  mutating func begin() -> [Action] { handle(.begin) }

  mutating func say(_ name: ServiceName, _ event: ServiceEvent) -> [Action] { handle(.service(name, event)) }

  mutating func say(_ name: ServiceName, _ said: GatewayEvent) -> [Action] { handle(.service(name, .gateway(said))) }

  /// The answer to a `spawn`: the process is there.
  mutating func spawned(_ name: ServiceName) -> [Action] {
    lastPid += 1
    return say(name, .spawned(pid: lastPid))
  }

  /// The process is there and says that it is up.
  mutating func up(_ name: ServiceName) -> [Action] { spawned(name) + say(name, .ready) }

  /// Begins, and answers every spawn by a process that is up at once, until nothing more is to be started.
  mutating func everythingUp() {
    var open = begin()
    while !open.isEmpty {
      guard case .spawn(let name) = open.removeFirst() else { continue }
      open += isTask(name) ? spawned(name) + say(name, .ended(.code(0))) : up(name)
    }
  }

  mutating func term(_ cause: String = "TERM") -> [Action] { handle(.stopRequested(by: cause)) }

  mutating func order(_ order: Order, _ name: ServiceName) throws -> [Action] {
    kept(try lifecycle.order(order, name, at: now).get())
  }

  /// The sentence by which an order is refused, or nil.
  mutating func refusal(_ order: Order, _ name: ServiceName) -> String? {
    guard case .failure(let refusal) = lifecycle.order(order, name, at: now) else { return nil }
    return refusal.sentence
  }

  /// Lets this many milliseconds pass, waking the lifecycle each time it has asked for.
  mutating func wait(_ milliseconds: Int64) -> [Action] {
    let end = now.uptime + milliseconds
    var actions: [Action] = []
    while let wake = lifecycle.nextWake, wake <= end {
      move(to: max(wake, now.uptime))
      actions += handle(.timePassed)
      if let again = lifecycle.nextWake, again <= now.uptime {
        Issue.record("time has been handled, and is to be again: a busy loop")
        return actions
      }
    }
    move(to: end)
    return actions
  }

  mutating func handle(_ event: Event) -> [Action] { kept(lifecycle.handle(event, at: now)) }

  /// Lets a person ask for the next login; nil where that is refused.
  mutating func resume(_ mode: Mode? = nil) -> [Action]? {
    (try? lifecycle.resume(mode, at: now).get()).map { kept($0) }
  }

  func state(_ name: ServiceName) -> ServiceState? { lifecycle.record(name)?.state }

  func why(_ name: ServiceName) -> String? { lifecycle.record(name)?.why }

  func report() -> StatusReport {
    lifecycle.report(version: "1.2.3", pid: 1, started: now, orphansReaped: 0, at: now)
  }

  private func isTask(_ name: ServiceName) -> Bool { lifecycle.plans.contains { $0.name == name && $0.kind == .task } }

  private mutating func move(to uptime: Int64) {
    now = Moment(uptime: uptime, wall: now.wall + uptime - now.uptime)
  }

  private mutating func kept(_ actions: [Action]) -> [Action] {
    actions.filter { action in
      switch action {
      case .alert(let alert): alerts.append(alert)
      case .log(let severity, let name, let text):
        let line = "\(severity) \(name?.text ?? "-"): \(text)"
        let isState = GatewayState.allCases.contains { text == $0.rawValue || text.hasPrefix("\($0.rawValue): ") }
        isState ? stateLines.append(line) : lines.append(line)
      case .persist(let mode, let budget): persisted[mode] = budget
      default: return true
      }
      return false
    }
  }
}
