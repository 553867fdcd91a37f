/// What one service does with an event: every pair of state and event is decided here, none falls through.
extension Lifecycle {
  /// What can happen to one service, deadlines included.
  enum Input {
    case spawned(pid: Int32)
    case spawnFailed(why: String, missing: Bool)
    case ready
    case leaderEnded(Exit)
    case ended(Exit)
    case askFailed
    case unresponsive
    case suspended
    case gateway(GatewayEvent)
    case deadline
  }

  mutating func take(_ event: ServiceEvent, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let input: Input =
      switch event {
      case .spawned(let pid): .spawned(pid: pid)
      case .spawnFailed(let why, let missing): .spawnFailed(why: why, missing: missing)
      case .ready: .ready
      case .leaderEnded(let exit): .leaderEnded(exit)
      case .ended(let exit): .ended(exit)
      case .askFailed: .askFailed
      case .unresponsive: .unresponsive
      case .suspended: .suspended
      case .gateway(let said): .gateway(said)
      }
    take(input, place, now, &actions)
  }

  mutating func take(_ input: Input, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    switch (records[place].state, input) {
    case (.starting, .spawned(let pid)), (.running, .spawned(let pid)): hasStarted(pid, place, now, &actions)
    case (.stopping, .spawned(let pid)):
      hasStarted(pid, place, now, &actions)
      // It was told to end before it was there to hear it.
      if let measure = currentMeasure(place) { actions.append(measure) }
    case (.starting, .spawnFailed(let why, let missing)): couldNotStart(why, missing, place, now, &actions)
    case (.stopping, .spawnFailed(let why, let missing)):
      switch records[place].purpose {
      case .restart, .unready, .login: couldNotStart(why, missing, place, now, &actions)
      case .order, .shutdown:
        enter(plans[place].kind == .task ? .finished : .stopped, place, now, why)
        log(.warning, place, why, &actions)
      }

    case (.starting, .ready):
      // Whoever says so: a gateway that is up has its java.
      records[place].javaSeen = true
      becameReady(place, now, &actions)
    case (.running, .ready), (.stopping, .ready): break

    case (.starting, .leaderEnded(let exit)), (.running, .leaderEnded(let exit)): lostLeader(exit, place, &actions)
    case (.stopping, .leaderEnded): leaderIsGone(place, &actions)

    case (.starting, .ended(let exit)), (.running, .ended(let exit)): endedByItself(exit, place, now, &actions)
    case (.stopping, .ended(let exit)): endedAsTold(exit, place, now, &actions)

    case (.starting, .gateway(let said)), (.running, .gateway(let said)):
      if plans[place].mode != nil { hear(said, place, now, &actions) }
    case (.stopping, .gateway(.javaStarting)): javaCameBack(place, now, &actions)
    case (.stopping, .gateway): break

    case (.starting, .deadline) where plans[place].mode != nil: loginTimedOut(place, now, &actions)
    case (.starting, .deadline):
      beginStop(place, .unready, now, &actions)
      log(.warning, place, "did not become ready in time; it is stopped and tried again", &actions)
    case (.stopping, .deadline): nextStopStep(place, now, &actions)
    case (.stopping, .askFailed):
      if currentStep(place).measure.isRequest { nextStopStep(place, now, &actions) }
    case (.starting, .askFailed), (.running, .askFailed): break

    // Nobody can end it, and nobody is served by it: not even a debugger stops a process in this way.
    case (.starting, .suspended), (.running, .suspended), (.stopping, .suspended):
      log(.warning, place, "was suspended by a signal (STOP); it is told to go on", &actions)
      actions.append(.proceed(plans[place].name))

    // A gateway is never ended for that: its own remedies decide.
    case (.running, .unresponsive) where plans[place].kind == .daemon:
      log(.error, place, "does not answer any more though it runs; killed, to be started again", &actions)
      actions.append(.kill(plans[place].name))
    case (.starting, .unresponsive), (.running, .unresponsive), (.stopping, .unresponsive): break
    case (.backingOff, .deadline), (.degraded, .deadline), (.held, .deadline):
      enter(.waiting, place, now, "")
      records[place].restarts += 1
    case (.running, .deadline), (.waiting, .deadline), (.stopped, .deadline), (.finished, .deadline): break

    // News of a process that this service no longer has: a line that was still in its pipe, or an end that was given up on.
    case (.waiting, _), (.backingOff, _), (.degraded, _), (.held, _), (.stopped, _), (.finished, _): break
    case (.running, .spawnFailed): break
    }
  }

  // MARK: Start

  mutating func start(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    enter(.starting, place, now, "")
    records[place].readyAt = nil
    records[place].leaderGone = false
    records[place].javaSeen = false
    if let gateway = gatewayPlace(place) { gateways[gateway].budget.isCharged = false }
    actions.append(.spawn(plans[place].name))
  }

  private mutating func hasStarted(_ pid: Int32, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].pid = pid
    records[place].startedAt = now
    guard records[place].state == .starting else { return }
    switch plans[place].readiness {
    case .whenStarted: becameReady(place, now, &actions)
    case .whenReported: awaitReadiness(place, now)
    }
  }

  /// Sets the time by which the service has to be up. In a stop there is none: it is ended at its rank.
  private mutating func awaitReadiness(_ place: Int, _ now: Moment) {
    guard isRunning, case .whenReported(let within?) = plans[place].readiness else { return }
    records[place].until = now.uptime + (loginTimeout(place) ?? within)
  }

  private mutating func becameReady(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let took = now.uptime - records[place].since.uptime
    enter(.running, place, now, "")
    records[place].readyAt = now
    records[place].settled = true
    completeLogin(place, now, &actions)
    if plans[place].kind == .task { return }
    let what = plans[place].mode == nil ? "ready" : "logged in"
    log(.info, place, "\(what) after \(spoken(milliseconds: took))", &actions)
  }

  private mutating func couldNotStart(
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

  // MARK: End

  private mutating func lostLeader(_ exit: Exit, _ place: Int, _ actions: inout [Action]) {
    records[place].leaderGone = true
    records[place].pid = nil
    records[place].why =
      plans[place].mode == nil
      ? "its first process is gone (\(exit)); others of it go on"
      : "ibcstart.sh is gone (\(exit)); java goes on and is left alone"
    log(.warning, place, records[place].why, &actions)
  }

  /// The shell that would have started java again is gone; now java itself can be told.
  private mutating func leaderIsGone(_ place: Int, _ actions: inout [Action]) {
    guard !records[place].leaderGone else { return }
    records[place].leaderGone = true
    records[place].pid = nil
    if currentStep(place).measure == .terminate { actions.append(.terminate(plans[place].name)) }
  }

  private mutating func endedByItself(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
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

  private mutating func gatewayEnded(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
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

  private mutating func endedAsTold(_ exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
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
  private mutating func fail(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
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

  private mutating func forgetFailuresIfStable(_ place: Int, _ now: Moment) {
    guard let readyAt = records[place].readyAt else { return }
    if now.uptime - readyAt.uptime >= plans[place].backOff.resetAfter { forgetFailures(place) }
  }

  mutating func forgetFailures(_ place: Int) {
    records[place].failures = 0
    records[place].lastDelay = 0
  }

  private mutating func giveUp(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    if plans[place].mode != nil {
      hold(why, place, now, &actions)
      return
    }
    enter(.degraded, place, now, why)
    records[place].until = now.uptime + Self.degradedPause
    let pause = spoken(milliseconds: Self.degradedPause)
    log(.error, place, "\(why); tried again every \(pause), or at once by: ibgw start \(plans[place].name)", &actions)
  }

  private mutating func hold(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].settled = true
    enter(.held, place, now, why)
    log(.error, place, "held: \(why); mend it, then: ibgw start \(plans[place].name)", &actions)
  }

  /// How long a degraded service rests between two tries, in milliseconds.
  static var degradedPause: Int64 { 600_000 }

  // MARK: IBC

  private mutating func hear(_ said: GatewayEvent, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    records[place].javaSeen = true
    switch said {
    case .javaStarting:
      if records[place].state == .starting { awaitReadiness(place, now) }
    case .loginAttempt(let number):
      records[place].why = "login attempt \(number)"
      if records[place].state == .starting { awaitReadiness(place, now) }
    case .secondFactorAsked: records[place].why = "waits for the second factor"
    case .loginFailed, .tooManyFailures, .secondFactorMissed, .coldRestart:
      records[place].why = said.failedLogin ?? ""
    case .mainWindow, .otherSession: break
    case .loginCompleted:
      if records[place].state == .starting { becameReady(place, now, &actions) }
      records[place].why = "logged in"
    case .javaEnded(let code):
      let why = "java has ended with \(code); ibcstart.sh decides whether it starts again"
      if records[place].state == .running {
        forgetFailuresIfStable(place, now)
        enter(.starting, place, now, why)
        records[place].readyAt = nil
        awaitReadiness(place, now)
      }
      records[place].why = why
    }
    judgeLogin(said, place, now, &actions)
  }

  // MARK: Small steps

  mutating func enter(_ state: ServiceState, _ place: Int, _ now: Moment, _ why: String) {
    records[place].state = state
    records[place].since = now
    records[place].why = why
    records[place].until = nil
    if !state.hasProcess { records[place].pid = nil }
  }

  func log(_ severity: Severity, _ place: Int, _ text: String, _ actions: inout [Action]) {
    actions.append(.log(severity, plans[place].name, text))
  }
}
