/// How a service comes up.
extension Lifecycle {
  mutating func start(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    enter(.starting, place, now, "")
    records[place].readyAt = nil
    records[place].leaderGone = false
    records[place].javaSeen = false
    if let gateway = gatewayPlace(place) { gateways[gateway].budget.isCharged = false }
    actions.append(.spawn(plans[place].name))
  }

  mutating func hasStarted(_ pid: Int32, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].pid = pid
    records[place].startedAt = now
    guard records[place].state == .starting else { return }
    switch plans[place].readiness {
    case .whenStarted: becameReady(place, now, &actions)
    case .whenReported: awaitReadiness(place, now)
    }
  }

  /// Sets the time by which the service has to be up. In a stop there is none: it is ended at its rank.
  mutating func awaitReadiness(_ place: Int, _ now: Moment) {
    guard isRunning, case .whenReported(let within?) = plans[place].readiness else { return }
    records[place].until = now.uptime + (loginTimeout(place) ?? within)
  }

  mutating func becameReady(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let took = now.uptime - records[place].since.uptime
    enter(.running, place, now, "")
    records[place].readyAt = now
    records[place].settled = true
    completeLogin(place, now, &actions)
    if plans[place].kind == .task { return }
    let what = plans[place].mode == nil ? "ready" : "logged in"
    log(.info, place, "\(what) after \(spoken(milliseconds: took))", &actions)
  }

  mutating func couldNotStart(
    _ why: String, _ missing: Bool, _ place: Int, _ now: Moment, _ actions: inout [Action]
  ) {
    records[place].settled = true
    if plans[place].kind == .task {
      enter(.finished, place, now, why)
      log(.error, place, why, &actions)
    } else if missing && isRunning {
      giveUp(why, place, now, &actions)
    } else {
      fail(why, place, now, &actions)
    }
  }
}
