import Lifecycle
import Trading

/// What must be so, whatever happens.
extension World {
  mutating func judge(_ action: Action) {
    switch action {
    case .spawn(let name):
      let place = place(name)
      if processes[place] != nil || spawnsUnderWay[place] { fails("\(name) is started twice") }
      if lifecycle.phase != .running { fails("\(name) is started in the stop") }
    case .ask(let name), .pause(let name), .terminate(let name), .killLeader(let name), .kill(let name):
      let place = place(name)
      guard let process = processes[place], process.isLoggedIn, lifecycle.phase == .running else { return }
      // What was begun with a reason is brought to its end: a java that was told to end is no gateway any more.
      if isWedgeToBeRestarted(process) { mayBeEnded[place] = true }
      if mayBeEnded[place] { return }
      fails("a gateway that is logged in is ended: \(action)")
    case .command(let mode, let command):
      guard let process = processes[place(.gateway(mode))] else { return fails("\(command) to no gateway") }
      guard let since = process.wedgedSince else { return fails("\(command) to a gateway that is well") }
      if process.flows { fails("\(command) to a gateway whose data flow") }
      if truth - since < 180_000 { fails("\(command) after \(truth - since) ms") }
      if policy.onWedge == .report { fails("\(command) though ON_WEDGE=report") }
    case .exit(let code): exitCode = code
    default: break
    }
  }

  /// By ON_WEDGE=restart alone, and only where it serves nobody for long.
  private func isWedgeToBeRestarted(_ process: Process) -> Bool {
    guard policy.onWedge == .restart, !process.flows, let since = process.wedgedSince else { return false }
    return truth - since >= 180_000
  }

  mutating func judgeState() {
    guard lifecycle.phase == .running else { return }
    for mode in settings.modes {
      guard isUp("relay"), isUp("probe"), observed[mode] == .serving, let process = processes[place(.gateway(mode))]
      else {
        continue
      }
      guard process.observation == .serving, lifecycle.record(.gateway(mode))?.state == .running else { continue }
      if relayOrders[mode] == .closed { fails("\(mode) serves, and the relay is closed") }
    }
  }

  private func isUp(_ name: ServiceName) -> Bool { lifecycle.record(name)?.state == .running }

  /// After days without a fault, with a person who does what is asked for, all is well.
  mutating func judgeEnd() {
    for (plan, record) in zip(lifecycle.plans, lifecycle.records) {
      let isWell = record.state == (plan.kind == .task ? .finished : .running)
      if !isWell { fails("\(plan.name) has not come right: \(record.state), \(record.why)") }
    }
    for mode in settings.modes {
      guard let gateway = lifecycle.gateway(mode) else { continue }
      if gateway.state != .serving { fails("\(mode) has not come right: \(gateway.state.rawValue), \(gateway.why)") }
      if relayOrders[mode] == .closed || relayOrders[mode] == nil {
        fails("\(mode) serves, and the relay is not told so")
      }
    }
  }

  func place(_ name: ServiceName) -> Int { plans.firstIndex { $0.name == name } ?? 0 }
}
