/// The ordered stop of one service and of all.
extension Lifecycle {
  /// TERM or INT, or the end of the last gateway. The first begins the ordered stop, the second hurries it, the third kills.
  mutating func requestStop(cause: String, code: Int32, _ now: Moment, _ actions: inout [Action]) {
    switch phase {
    case .running:
      phase = .stopping(cause: cause, code: code, haste: 0, deadline: now.uptime + stopTimeout)
      actions.append(.log(.info, nil, "stops (\(cause)); everything ends within \(spoken(milliseconds: stopTimeout))"))
      // Docker may kill everything before the stop is over: that no session was lost is known now.
      for gateway in gateways.indices { gateways[gateway].budget.hasSession = false }
      keepBudgets(now, &actions)
      for place in plans.indices {
        switch records[place].state {
        case .waiting, .backingOff, .degraded: enter(.stopped, place, now, "the supervisor stops")
        // What was due by time alone is due no more.
        case .starting, .held: records[place].until = nil
        case .running, .stopping, .stopped, .finished: break
        }
      }
    case .stopping(let first, let code, let haste, let deadline):
      let hurried = haste == 0
      let patience = hurried ? Self.hurriedPatience * Int64(plans.count + 1) : Self.killPatience
      let limit = min(deadline, now.uptime + patience)
      phase = .stopping(cause: first, code: code, haste: min(2, haste + 1), deadline: limit)
      let said = hurried ? "\(cause) again: the stop is hurried" : "\(cause) once more: everything is killed"
      actions.append(.log(.warning, nil, said))
      hurried ? hurry(now, &actions) : killAll(now, &actions)
    case .ended: break
    }
  }

  /// How long a step may still take after a second TERM, and after the kill, in milliseconds.
  static var hurriedPatience: Int64 { 1000 }
  static var killPatience: Int64 { 1000 }

  /// How long a step may take where a login has failed, in milliseconds: IBC tries the next one 5 s after it has said so.
  static var failedLoginPatience: Int64 { 4000 }

  /// Ends the lowest rank that still has processes that can end; when no service has any, everything has ended.
  mutating func carryOnStop(_ now: Moment, _ actions: inout [Action]) {
    guard case .stopping(_, let code, let haste, let deadline) = phase else { return }
    let alive = plans.indices.filter { records[$0].state.hasProcess }
    guard !alive.isEmpty else {
      phase = .ended(code: code)
      actions.append(.exit(code))
      return
    }
    if now.uptime >= deadline {
      if haste < 2 {
        let names = alive.map { plans[$0].name.text }.joined(separator: ", ")
        actions.append(.log(.error, nil, "the stop's time is up; killed: \(names)"))
        phase = .stopping(cause: "deadline", code: code, haste: 2, deadline: now.uptime + Self.killPatience)
        killAll(now, &actions)
      } else {
        let names = alive.map { plans[$0].name.text }.joined(separator: ", ")
        actions.append(.log(.error, nil, "cannot end \(names): the kernel keeps them; they are left to it"))
        phase = .ended(code: code)
        actions.append(.exit(code))
      }
      return
    }
    let endable = alive.filter { !hangs($0) && gatewayThatNeeds(plans[$0].name) == nil }
    let rank = endable.map { plans[$0].stopRank }.min()
    for place in endable where plans[place].stopRank == rank && records[place].state != .stopping {
      beginStop(place, .shutdown, now, &actions)
    }
  }

  /// A service whose last step has had its time: only the kernel can end it, and nobody waits for that.
  private func hangs(_ place: Int) -> Bool { records[place].state == .stopping && records[place].until == nil }

  /// Takes the first step of ending one service.
  mutating func beginStop(_ place: Int, _ purpose: StopPurpose, _ now: Moment, _ actions: inout [Action]) {
    enter(.stopping, place, now, purpose == .unready ? "did not become ready in time" : "told to stop")
    records[place].purpose = purpose
    records[place].step = 0
    if let gateway = gatewayPlace(place) {
      gateways[gateway].budget.stop(at: now.wall)
      persist(gateway, now, &actions)
    }
    takeStep(place, now, &actions)
  }

  /// The step under way has had its time: the next one, or the end of what can be done.
  mutating func nextStopStep(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard records[place].step + 1 < plans[place].stopSteps.count else {
      // KILL was sent and the process is still there: it hangs in the kernel. Nothing more can be done for it but to say so.
      log(.error, place, "cannot be killed: it hangs in the kernel; its end is awaited", &actions)
      return
    }
    let isSilent = [.drain, .logOut].contains(currentStep(place).measure)
    if currentStep(place).measure == .logOut, records[place].until == nil {
      log(.warning, place, "was not logged out in time: told by TERM", &actions)
    }
    records[place].step += 1
    let measure = currentStep(place).measure
    guard !isSilent else { return takeStep(place, now, &actions) }
    let said = measure == .kill ? "did not end in time: killed" : "did not end when asked: told by TERM"
    log(.warning, place, said, &actions)
    takeStep(place, now, &actions)
  }

  /// ibcstart.sh has found an autorestart file and starts java again although it was asked to stop: it is not asked a second time.
  mutating func javaCameBack(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard currentStep(place).measure.isRequest, records[place].until != nil else { return }
    records[place].step += 1
    log(.warning, place, "ibcstart.sh has started java again: told by TERM", &actions)
    takeStep(place, now, &actions)
  }

  /// Whether IBC can do what the step under way would ask of it. A session can be kept only where there is one, and a gateway whose
  /// login has failed has nothing to close in order.
  private func isWorthAsking(_ place: Int, _ now: Moment) -> Bool {
    let record = records[place]
    switch currentStep(place).measure {
    case .drain: return !isHurried && drainLeft(place, now) > 0
    case .logOut: return !isHurried && record.purpose == .shutdown && tailnet?.report?.hasNodeKey == true
    case .ask, .pause, .terminate, .kill: break
    }
    if isHurried || !record.javaSeen || record.purpose == .login { return false }
    return currentStep(place).measure == .ask || record.readyAt != nil
  }

  /// How much of a drain's time is left, in milliseconds; none while the relay runs, or where there is none.
  private func drainLeft(_ place: Int, _ now: Moment) -> Int64 {
    guard let relay = record("relay"), !relay.state.hasProcess else { return 0 }
    return relay.since.uptime + currentStep(place).patience - now.uptime
  }

  func currentStep(_ place: Int) -> StopStep { plans[place].stopSteps[records[place].step] }

  private mutating func takeStep(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    // What the step before has left of its time goes to the TERM: a gateway that cannot be asked has all of it to end in order.
    var spare = max(0, (records[place].until ?? now.uptime) - now.uptime)
    // What cannot be asked, or need not be any more, is told at once.
    while currentStep(place).measure.isRequest && !isWorthAsking(place, now) {
      if plans[place].mode != nil { spare += currentStep(place).patience }
      records[place].step += 1
    }
    let isDrain = currentStep(place).measure == .drain
    let wanted = isDrain ? drainLeft(place, now) : currentStep(place).patience
    var patience = wanted + (currentStep(place).measure == .terminate && plans[place].mode != nil ? spare : 0)
    if records[place].purpose == .login { patience = min(patience, Self.failedLoginPatience) }
    records[place].until = now.uptime + (isHurried ? min(patience, Self.hurriedPatience) : patience)
    if let measure = currentMeasure(place) { actions.append(measure) }
  }

  /// What the step under way does. A gateway's shell goes first, so that it cannot start java again.
  func currentMeasure(_ place: Int) -> Action? {
    let name = plans[place].name
    switch currentStep(place).measure {
    case .ask: return .ask(name)
    case .pause: return .pause(name)
    case .drain: return nil
    case .logOut: return .tailnet(.logOut)
    case .terminate where plans[place].isLedByShell && !records[place].leaderGone: return .killLeader(name)
    case .terminate: return .terminate(name)
    case .kill: return .kill(name)
    }
  }

  /// A second TERM: what only asks is skipped, and every step under way has a second left.
  private mutating func hurry(_ now: Moment, _ actions: inout [Action]) {
    for place in plans.indices where records[place].state == .stopping {
      guard let until = records[place].until else { continue }
      if currentStep(place).measure.isRequest {
        takeStep(place, now, &actions)
      } else {
        records[place].until = min(until, now.uptime + Self.hurriedPatience)
      }
    }
  }

  private var isHurried: Bool {
    if case .stopping(_, _, let haste, _) = phase { haste > 0 } else { false }
  }

  private mutating func killAll(_ now: Moment, _ actions: inout [Action]) {
    for place in plans.indices where records[place].state.hasProcess {
      if records[place].state != .stopping { enter(.stopping, place, now, "killed") }
      records[place].purpose = .shutdown
      records[place].step = plans[place].stopSteps.count - 1
      takeStep(place, now, &actions)
    }
  }
}

extension StopStep.Measure {
  /// Whether the processes are not told yet, so that it can be left out.
  var isRequest: Bool { self != .terminate && self != .kill }
}
