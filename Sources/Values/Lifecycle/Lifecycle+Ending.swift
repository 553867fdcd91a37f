import Trading

/// What follows when a service ends, and when it fails.
extension Lifecycle {
  // MARK: End

  mutating func lostLeader(_ exit: Exit, _ place: Int, _ actions: inout [Action]) {
    records[place].leaderGone = true
    records[place].pid = nil
    records[place].why =
      plans[place].mode == nil
      ? "its first process is gone (\(exit)); others of it go on"
      : "ibcstart.sh is gone (\(exit)); java goes on and is left alone"
    log(.warning, place, records[place].why, &actions)
  }

  /// The shell that would have started java again is gone; now java itself can be told.
  mutating func leaderIsGone(_ place: Int, _ actions: inout [Action]) {
    guard !records[place].leaderGone else { return }
    records[place].leaderGone = true
    records[place].pid = nil
    if currentStep(place).measure == .terminate { actions.append(.terminate(plans[place].name)) }
  }

  mutating func endedByItself(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let ran = now.uptime - (records[place].startedAt ?? now).uptime
    records[place].lastEnd = "\(exit)"
    records[place].settled = true
    switch plans[place].kind {
    case .task:
      let bad = exit != .code(0)
      enter(.finished, place, now, "\(exit)")
      log(bad ? .warning : .info, place, "ended after \(spoken(milliseconds: ran)): \(exit)", &actions)
    case .daemon:
      fail("ended after \(spoken(milliseconds: ran)): \(exit)", place, now, &actions)
    case .gateway:
      gatewayEnded(exit, place, now, &actions)
    }
  }

  mutating func gatewayEnded(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    switch GatewayExit(exit, javaSeen: records[place].javaSeen) {
    case .configuration(let meaning) where isRunning:
      hold(meaning, place, now, &actions)
    case .configuration(let meaning), .login(let meaning), .other(let meaning):
      let isRetried = policy.retriesSecondFactor && exit == .code(87)
      guard isRunning && onGatewayExit == .exit && !isRetried else {
        let isCharged = gatewayPlace(place).map { gateways[$0].budget.isCharged } ?? false
        isCharged ? restAfterLogin(meaning, place, now, &actions) : fail(meaning, place, now, &actions)
        return
      }
      enter(.stopped, place, now, "\(meaning); ON_GATEWAY_EXIT=exit")
      log(.warning, place, "\(meaning); it is not started again (ON_GATEWAY_EXIT=exit)", &actions)
      if !plans.indices.contains(where: { plans[$0].mode != nil && records[$0].mayStillServe }) {
        requestStop(cause: "\(plans[place].name) has ended", code: exit.shellCode, now, &actions)
      }
    }
  }

  mutating func endedAsTold(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].lastEnd = "\(exit)"
    records[place].settled = true
    let (purpose, why) = (records[place].purpose, records[place].why)
    let took = now.uptime - records[place].since.uptime
    log(.info, place, "stopped after \(spoken(milliseconds: took)): \(exit)", &actions)
    if let mode = plans[place].mode, currentStep(place).measure == .pause {
      actions.append(.verifySession(mode, since: records[place].since.wall))
    }
    switch purpose {
    case .shutdown: enter(.stopped, place, now, "the supervisor stops")
    case .order: enter(plans[place].kind == .task ? .finished : .stopped, place, now, "stopped by order")
    case .restart where isRunning:
      forgetFailures(place)
      enter(.waiting, place, now, "")
    case .restart: enter(.stopped, place, now, "the supervisor stops")
    case .unready where plans[place].kind == .task: enter(.finished, place, now, "did not become ready in time")
    case .unready: fail("did not become ready in time", place, now, &actions)
    case .login: restAfterLogin(why, place, now, &actions)
    }
  }

  // MARK: Failure

  /// Counts a failure and sets the time of the next try, or gives up.
  mutating func fail(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let plan = plans[place]
    forgetFailuresIfStable(place, now)
    records[place].failures += 1
    guard isRunning else {
      enter(.stopped, place, now, why)
      log(.warning, place, "\(why); not started again in the stop", &actions)
      return
    }
    guard records[place].failures <= plan.limit else {
      giveUp("\(why), \(records[place].failures) times in a row", place, now, &actions)
      return
    }
    let delay = plan.backOff.delay(
      failures: records[place].failures, previous: records[place].lastDelay, random: &random)
    records[place].lastDelay = delay
    enter(.backingOff, place, now, why)
    records[place].until = now.uptime + delay
    let when = delay == 0 ? "at once" : "in \(spoken(milliseconds: delay))"
    log(.warning, place, "\(why); started again \(when)", &actions)
    if delay == 0 { take(.deadline, place, now, &actions) }
  }

  mutating func forgetFailuresIfStable(_ place: Int, _ now: Moment) {
    guard let readyAt = records[place].readyAt else { return }
    if now.uptime - readyAt.uptime >= plans[place].backOff.resetAfter { forgetFailures(place) }
  }

  mutating func forgetFailures(_ place: Int) {
    records[place].failures = 0
    records[place].lastDelay = 0
  }

  mutating func giveUp(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    if plans[place].mode != nil {
      hold(why, place, now, &actions)
      return
    }
    enter(.degraded, place, now, why)
    records[place].until = now.uptime + plans[place].degradedPause
    let pause = spoken(milliseconds: plans[place].degradedPause)
    log(.error, place, "\(why); tried again every \(pause), or at once by: ibgw start \(plans[place].name)", &actions)
  }

  mutating func hold(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].settled = true
    enter(.held, place, now, why)
    log(.error, place, "held: \(why); mend it, then: ibgw start \(plans[place].name)", &actions)
  }
}
