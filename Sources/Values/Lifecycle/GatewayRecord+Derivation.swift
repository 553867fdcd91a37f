/// What a gateway's record takes in, and the state that follows from it.
extension GatewayRecord {
  /// A new ibcstart.sh.
  mutating func begin(_ now: Moment) {
    forgetJava(now)
    isKnownRestart = false
    wrongMode = false
  }

  mutating func hear(_ said: GatewayEvent, _ now: Moment) {
    switch said {
    case .javaStarting:
      forgetJava(now)
    case .loginAttempt:
      enter(.attempting, now)
      otherSession = ""
      logins.attempts += 1
    case .secondFactorAsked: enter(.secondFactor, now)
    case .secondFactorClosed: if phase == .secondFactor { enter(.attempting, now) }
    case .loginCompleted:
      enter(.completed, now)
      otherSession = ""
      logins.completed += 1
      loggedInAt = now.wall
      isKnownRestart = false
    case .loginFailed, .tooManyFailures, .secondFactorMissed, .coldRestart:
      if phase != .none && phase != .completed { enter(.refused(said.failedLogin ?? ""), now) }
    case .otherSession(let what):
      otherSession = what.words
      if what == .takesOver && phase == .completed { enter(.attempting, now) }
    case .mainWindow(let isPaper): if phase == .completed { wrongMode = isPaper != (mode == .paper) }
    case .javaEnded:
      forgetJava(now)
      isKnownRestart = true
    }
  }

  mutating func observe(_ report: ProbeReport) {
    observation = report
    if report.observation == .serving {
      hasServed = true
      isKnownRestart = false
    }
  }

  mutating func end() {
    observation = nil
    hasServed = false
  }

  private mutating func forgetJava(_ now: Moment) {
    enter(.none, now)
    otherSession = ""
    observation = nil
    hasServed = false
  }

  private mutating func enter(_ phase: LoginPhase, _ now: Moment) {
    self.phase = phase
    phaseSince = now
  }

  // MARK: Derivation

  /// The state and its reason, from the process and everything heard.
  func derived(from service: ServiceRecord, _ now: Moment) -> (GatewayState, String) {
    switch service.state {
    case .held: (.loginHold, service.why)
    case .stopped, .finished: (.stopped, service.why)
    case .stopping where service.purpose == .restart: (.restarting, "told to restart")
    case .stopping where service.purpose == .login: (.restarting, service.why)
    case .stopping: (.stopped, service.why)
    case .waiting, .backingOff, .degraded:
      service.lastEnd == nil ? (.starting, service.why) : (.restarting, service.why)
    case .starting, .running: derivedFromJava(now)
    }
  }

  private func derivedFromJava(_ now: Moment) -> (GatewayState, String) {
    if wrongMode {
      return (
        .loginHold, "it logged in to the other mode than \(mode.rawValue); the relay is closed, java is left to you"
      )
    }
    guard let observation else { return beforeServing(now) }
    switch observation.observation {
    case .serving: return (.serving, "")
    case .linkLost: return (.disconnectedFromIBKR, observation.why)
    case .newClientsHang where isEstablished(observation): return (.degraded, observation.why)
    case .refused: return hasServed ? afterServing(now) : beforeServing(now)
    case .listening: return hasServed ? (.restarting, observation.why) : beforeServing(now)
    case .acceptQueueFull, .silent, .notLoggedIn, .noAccounts, .closesNewClients, .newClientsHang:
      guard hasServed else { return beforeServing(now) }
      // One failed check may be chance: until the next one the gateway is what it was.
      return isEstablished(observation) ? (.wedged, observation.why) : (state, "suspected: \(observation.why)")
    }
  }

  private func isEstablished(_ report: ProbeReport) -> Bool { report.failures >= Lifecycle.establishedFailures }

  /// The API's port has closed though java runs: the daily restart begins so, and a log-off looks so for ever.
  private func afterServing(_ now: Moment) -> (GatewayState, String) {
    (.restarting, "the API's port has closed while java runs: it restarts or has been logged off")
  }

  private func beforeServing(_ now: Moment) -> (GatewayState, String) {
    let waited = now.uptime - phaseSince.uptime
    let seen = otherSession.isEmpty ? observation.map { $0.why } : otherSession
    switch phase {
    case .none where isKnownRestart && waited < Lifecycle.restartPatience:
      return (.restarting, "java restarts inside ibcstart.sh")
    case .none where waited < Lifecycle.loginPatience: return (.starting, "")
    case .none: return (.waitingForLogin, seen ?? "no login has been tried yet; is the login window open? VNC shows it")
    case .attempting: return (.loggingIn, seen ?? "the login is under way")
    case .secondFactor: return (.waitingFor2FA, "confirm the login on the phone")
    case .refused(let why): return (.loggingIn, why)
    case .completed: return (.loggingIn, seen ?? "logged in; the API is not up yet")
    }
  }

  /// The uptime at which time alone changes the state, while there is a process.
  func nextChange(_ service: ServiceRecord, _ now: Moment) -> Int64? {
    guard service.state.hasProcess, phase == .none else { return nil }
    let patience = isKnownRestart ? Lifecycle.restartPatience : Lifecycle.loginPatience
    let change = phaseSince.uptime + patience
    return change > now.uptime ? change : nil
  }
}

extension OtherSession {
  /// What a person reads about it.
  fileprivate var words: String {
    switch self {
    case .undecided: "another session of the same user is logged in; choose by VNC which one goes on"
    case .yields: "another session of the same user was logged in; this one goes on"
    case .takesOver: "another session of the same user has taken over"
    }
  }
}
