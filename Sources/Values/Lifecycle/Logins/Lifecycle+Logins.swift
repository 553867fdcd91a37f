import Trading

/// What the logins of a gateway cost, and what follows: the next one waits, or is held until the limits let it through.
extension Lifecycle {
  // MARK: What a login costs

  /// Enters in the budget what IBC says, whatever state the service is in: also a login that begins in the middle of a stop counts.
  mutating func account(for said: GatewayEvent, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let gateway = gatewayPlace(place), records[place].state.hasProcess else { return }
    let isOpen = gateways[gateway].budget.attemptSince != nil
    // A login that ibcstart.sh begins in the middle of a stop is not the one that a person has ordered after it.
    let isStopping = records[place].state == .stopping
    switch said {
    case .javaStarting:
      if isOpen { charge(gateway, "java was started again in the middle of the login", now, &actions) }
      if !isStopping { gateways[gateway].budget.isCharged = false }
    case .loginAttempt:
      if isOpen { charge(gateway, "the login was not completed, and IBC began another one", now, &actions) }
      let isOfRestart = gateways[gateway].budget.hasSession && !gateways[gateway].budget.isGranted
      if isOfRestart && gateways[gateway].budget.restartNeedsLogin(at: now.uptime) {
        charge(gateway, "java was restarted with a login for the third time within a day", as: .lost, now, &actions)
      } else {
        gateways[gateway].budget.begin(at: now.uptime, keepsOrder: isStopping)
        persist(gateway, now, &actions)
      }
    case .loginCompleted: completeLogin(place, now, &actions)
    case .loginFailed(let why), .secondFactorMissed(let why), .coldRestart(let why):
      // A session that ends by IBC's own cold restart is no failed login; its end is judged when java has ended.
      if isOpen || !gateways[gateway].budget.isCharged && records[place].state == .starting {
        charge(gateway, why, now, &actions)
      }
    case .tooManyFailures(let wait):
      let leastWait = min(Int64(max(0, wait ?? 0)) * 1000, LoginRecord.longestWait)
      if isOpen || !gateways[gateway].budget.isCharged {
        charge(gateway, said.failedLogin ?? "", leastWait: leastWait, now, &actions)
      } else {
        gateways[gateway].budget.wait(asked: now.uptime + leastWait)
        persist(gateway, now, &actions)
      }
    case .javaEnded(let code):
      gateways[gateway].budget.endSession(at: now.uptime)
      let budget = gateways[gateway].budget
      let meaning = GatewayExit(.code(code), javaSeen: true)
      if case .login(let why) = meaning, isOpen || !gateways[gateway].budget.isCharged {
        charge(gateway, why, now, &actions)
      } else if isOpen && isStopping {
        chargeStopped(gateway, place, now, &actions)
      } else if isOpen {
        charge(gateway, "java ended with \(code) in the middle of the login", now, &actions)
      } else if code != 0 && budget.hasSession && budget.lossKind == .crashed {
        // Whether the script starts it again or ends too: no restart that is known of begins so.
        chargeLoss(gateway, "exit code \(code)", now, &actions)
      }
    case .otherSession(.takesOver) where !isStopping:
      if gateways[gateway].budget.takenOver(at: now.uptime) {
        gateways[gateway].budget.hold = Self.duel
        persist(gateway, now, &actions)
      }
    case .otherSession, .secondFactorAsked, .secondFactorClosed, .mainWindow: break
    }
  }

  /// Enters in the budget that all processes of a gateway have ended.
  mutating func account(for exit: Exit, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let gateway = gatewayPlace(place), records[place].state.hasProcess else { return }
    gateways[gateway].budget.endSession(at: now.uptime)
    let budget = gateways[gateway].budget
    let wasTold = records[place].state == .stopping
    if budget.attemptSince != nil && wasTold {
      chargeStopped(gateway, place, now, &actions)
    } else if budget.attemptSince != nil {
      charge(gateway, "it ended by \(exit) in the middle of the login", now, &actions)
    } else if wasTold {
      return
    } else if case .login(let why) = GatewayExit(exit, javaSeen: records[place].javaSeen), !budget.isCharged {
      charge(gateway, why, now, &actions)
    } else if budget.hasSession && isRunning {
      chargeLoss(gateway, "\(exit)", now, &actions)
    }
  }

  /// A stop has ended the login. IBKR has seen it all the same; but whoever has asked for the stop needs no alert.
  private mutating func chargeStopped(_ gateway: Int, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let isAskedFor = [.shutdown, .order, .restart].contains(records[place].purpose)
    charge(gateway, "it was stopped in the middle of the login", isNews: !isAskedFor, now, &actions)
  }

  /// The gateway has ended by itself though it was logged in.
  private mutating func chargeLoss(_ gateway: Int, _ exit: String, _ now: Moment, _ actions: inout [Action]) {
    let budget = gateways[gateway].budget
    let after = budget.lasted.map { " \(spoken(milliseconds: $0)) after the login" } ?? ""
    charge(gateway, "the gateway ended\(after) by \(exit)", as: budget.lossKind, now, &actions)
  }

  /// A login has been completed, by whatever sign. In the middle of a stop that brings nothing: what is logged in is about to end, and
  /// counts as stopped in the middle of the login.
  mutating func completeLogin(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let gateway = gatewayPlace(place), records[place].state != .stopping else { return }
    let before = gateways[gateway].budget
    gateways[gateway].budget.complete(at: now.uptime)
    if before.attemptSince != nil || before.notBefore != nil || !before.hasSession { persist(gateway, now, &actions) }
  }

  mutating func charge(
    _ gateway: Int, _ why: String, as kind: LoginBudget.ChargeKind = .failed, leastWait: Int64 = 0,
    isNews: Bool = true, _ now: Moment, _ actions: inout [Action]
  ) {
    // A restart that a person has ordered in the middle of the login goes on.
    let isStopping = record(.gateway(gateways[gateway].mode))?.state == .stopping
    let isGranted = isStopping && gateways[gateway].budget.isGranted
    gateways[gateway].budget.charge(
      why, as: kind, at: now.uptime, backOff: policy.loginBackOff, leastWait: leastWait, random: &random)
    gateways[gateway].budget.isGranted = isGranted
    gateways[gateway].logins.failed += 1
    persist(gateway, now, &actions)
    let budget = gateways[gateway].budget
    let name = ServiceName.gateway(gateways[gateway].mode)
    let hour = "\(budget.charged(within: LoginLimits.hour, at: now.uptime)) of \(policy.loginLimits.perHour) in an hour"
    let day = "\(budget.charged(within: LoginLimits.day, at: now.uptime)) of \(policy.loginLimits.perDay) in a day"
    actions.append(.log(.warning, name, "a login was for nothing: \(why); charged: \(hour), \(day)"))
    if isNews { announceFailedLogin(name, why, now, &actions) }
  }

  /// Writes every budget down as it is understood now: at the start, so that the next one knows what was moved aside, and at the stop,
  /// so that a clock that has jumped meanwhile, and goes on from there after a boot of the machine, counts for nothing.
  func keepBudgets(_ now: Moment, _ actions: inout [Action]) {
    for gateway in gateways.indices where gateways[gateway].budget != LoginBudget() {
      persist(gateway, now, &actions)
    }
  }

  func persist(_ gateway: Int, _ now: Moment, _ actions: inout [Action]) {
    actions.append(.persist(gateways[gateway].mode, gateways[gateway].budget))
  }

  // MARK: What follows for java

  /// IBC has said something while no login stands: ends the script where it would otherwise try the next login by itself, too soon or
  /// once too often.
  mutating func judgeLogin(_ said: GatewayEvent, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    // In a stop it is ended soon enough.
    guard isRunning, let gateway = gatewayPlace(place) else { return }
    if gateways[gateway].budget.hold != nil {
      endLogin(place, Self.duel, now, &actions)
      return
    }
    guard records[place].state == .starting else { return }
    switch said {
    case .loginFailed, .coldRestart, .javaEnded(88):
      endLogin(place, "IBC would try the next login at once", now, &actions)
    case .javaStarting:
      if gateways[gateway].isKnownRestart && isTooSoon(gateway, now) {
        endLogin(place, "ibcstart.sh would try the next login at once", now, &actions)
        return
      }
      guard gateways[gateway].isKnownRestart, gateways[gateway].budget.restarted(at: now.uptime) else { return }
      charge(gateway, "ibcstart.sh restarted java 3 times within a minute", now, &actions)
      endLogin(place, "ibcstart.sh restarts java again and again", now, &actions)
    case .loginAttempt:
      if gateways[gateway].budget.isCharged {
        endLogin(place, "ibcstart.sh restarts java with a login again and again", now, &actions)
      } else if isSpent(gateway, now) && !gateways[gateway].budget.isAttemptGranted {
        endLogin(place, "the login budget is spent", now, &actions)
      }
    case .tooManyFailures, .secondFactorMissed, .javaEnded:
      if isSpent(gateway, now) && gateways[gateway].budget.isCharged {
        endLogin(place, "the login budget is spent", now, &actions)
      }
    case .secondFactorAsked, .secondFactorClosed, .loginCompleted, .mainWindow, .otherSession: break
    }
  }

  /// The login has not come to its end in time.
  mutating func loginTimedOut(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let gateway = gatewayPlace(place) else { return }
    let why = "no login was completed within \(spoken(milliseconds: loginTimeout(place) ?? 0))"
    if !gateways[gateway].budget.isCharged { charge(gateway, why, now, &actions) }
    endLogin(place, why, now, &actions)
  }

  private func isTooSoon(_ gateway: Int, _ now: Moment) -> Bool {
    let budget = gateways[gateway].budget
    return (budget.isGranted ? budget.askedUntil : budget.notBefore).map { $0 > now.uptime } ?? false
  }

  private func isSpent(_ gateway: Int, _ now: Moment) -> Bool {
    gateways[gateway].budget.reopens(policy.loginLimits, at: now.uptime) != nil
  }

  private mutating func endLogin(_ place: Int, _ why: String, _ now: Moment, _ actions: inout [Action]) {
    beginStop(place, .login, now, &actions)
    records[place].why = why
    log(.warning, place, "\(why); it is ended", &actions)
  }
}
