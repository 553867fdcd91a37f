import Trading

@testable import Lifecycle

extension Lifecycle {
  /// What contradicts itself in the lifecycle after an event was handled at `now`; empty when all is well.
  func contradictions(at now: Moment) -> [String] {
    var found = plans.indices.flatMap { place in
      contradictions(plans[place], records[place], now).map { "\(plans[place].name) \(records[place].state): \($0)" }
    }
    switch phase {
    case .running:
      for (plan, record) in zip(plans, records) where record.until != nil && (nextWake ?? .max) > record.until! {
        found.append("\(plan.name) waits for a time at which nobody is woken")
      }
    case .stopping(_, _, let haste, let deadline):
      if !(0...2).contains(haste) { found.append("a haste of \(haste)") }
      if (nextWake ?? .max) > deadline { found.append("nobody is woken at the stop's deadline") }
      if !records.contains(where: \.state.hasProcess) { found.append("the stop goes on without a process") }
    case .ended:
      if nextWake != nil { found.append("all has ended, and somebody is woken") }
    }
    return found
  }

  private func contradictions(_ plan: ServicePlan, _ record: ServiceRecord, _ now: Moment) -> [String] {
    var found: [String] = []
    func expect(_ holds: Bool, _ otherwise: @autoclosure () -> String) {
      if !holds { found.append(otherwise()) }
    }
    let runs = phase == .running
    expect(record.since.uptime <= now.uptime, "since a time to come")
    expect(record.failures >= 0 && (record.lastDelay == 0 || record.failures > 0), "a wait without a failure")
    expect(record.lastDelay <= plan.backOff.maximum, "a wait of \(record.lastDelay) ms")
    switch record.state {
    case .waiting, .backingOff, .degraded, .held, .stopped, .finished:
      expect(record.pid == nil, "has a pid without a process")
    case .starting, .running, .stopping:
      expect(!record.leaderGone || record.pid == nil, "has the pid of a leader that is gone")
    }
    switch record.state {
    case .waiting:
      expect(record.until == nil, "has a deadline")
      expect(runs, "waits in the stop")
    case .starting:
      if case .whenReported(let within?) = plan.readiness, runs {
        expect(record.pid == nil || record.until != nil, "may start for ever")
        expect((record.until ?? now.uptime) <= now.uptime + within, "has a deadline too late")
      } else {
        expect(record.until == nil, "has a deadline")
      }
    case .running:
      expect(record.until == nil, "has a deadline")
      expect(record.settled && record.readyAt != nil, "was never ready")
    case .backingOff, .degraded:
      expect(runs, "is tried again in the stop")
      expect((record.until ?? .min) >= now.uptime, "has no time of its next try to come")
      expect(record.settled, "lets others wait for its login")
      expect(plan.mode == nil || record.state == .backingOff, "is a degraded gateway")
    case .stopping:
      expect(plan.stopSteps.indices.contains(record.step), "is at step \(record.step)")
      expect(record.until != nil || record.step == plan.stopSteps.count - 1, "has no next step and was not killed")
    case .held:
      expect(plan.mode != nil, "is held and no gateway")
      expect(record.until.map { $0 > now.uptime } ?? true, "has a time of its next try that is past")
      expect(!record.why.isEmpty, "is held without a reason")
    case .stopped:
      expect(record.until == nil, "has a deadline")
      expect(!record.why.isEmpty, "is stopped without a reason")
    case .finished:
      expect(plan.kind == .task, "is finished and no task")
      expect(record.until == nil, "has a deadline")
    }
    return found
  }
}
