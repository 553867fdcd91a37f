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
    case .secondFactorClosed: records[place].why = "the window for the second factor has closed"
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
