import Lifecycle

/// Checks: a new client's whole handshake and one question, as any client would.
extension GatewayWatch {
  /// When the next check is due; nil while none is to be made.
  var checkDue: Duration? {
    guard check == nil, !isSuspended else { return nil }
    switch listening {
    case .unknown, .absent: return nil
    case .present, .unseen: break
    }
    guard let checkedAt, !isDemanded else { return .zero }
    guard let fault else { return dueInHealth(after: checkedAt) }
    switch fault.count {
    case _ where hasSign: return checkedAt + timing.firstRepeat
    case 1: return checkedAt + timing.firstRepeat
    case ..<Fault.established: return checkedAt + timing.secondRepeat
    default: return dueInFault(after: checkedAt)
    }
  }

  private func dueInHealth(after last: Duration) -> Duration {
    switch proved {
    case 0: .zero
    case 1: provedAt + timing.gateGap
    default: last + (replacesKept ? timing.firstRepeat : timing.checkInterval)
    }
  }

  /// A check must not cost a gateway that answers nothing: a connection that it never closes stays in it for ever, and one that it does
  /// not accept only stands behind those that wait already.
  private func dueInFault(after last: Duration) -> Duration? {
    if isSettling || isQueueStuck { return nil }
    return last + (leftOpen ? timing.backOff : timing.repeatInterval)
  }

  mutating func startCheck(_ now: Duration, _ actions: inout [Action]) {
    if ids.free(without: ownID) == nil { ids.forget() }
    guard let clientID = ids.free(without: ownID) else { return }
    checkedAt = now
    hasSign = false
    leftOpen = false
    replacesKept = false
    statistics.checks += 1
    open(clientID: clientID, now, &actions)
  }

  /// The gateway has turned our id away, so it is alive: that is no failure, and another id may be free. Where none is, nothing more can be
  /// asked, and nothing more needs to be known.
  mutating func tryAnotherID(_ id: ConnectionID, _ now: Duration, _ actions: inout [Action]) {
    guard let connection = connections[id] else { return }
    ids.note(taken: connection.conversation.clientID)
    guard let another = ids.free(without: ownID) else {
      return passCheck(id, hasSession: false, now, &actions)
    }
    let taken = connection.conversation.clientID
    actions.append(.say(.info, "client id \(taken) is in use by somebody else; \(another) is used instead"))
    close(id, failed: false, now, &actions)
    open(clientID: another, now, &actions)
  }

  mutating func passCheck(_ id: ConnectionID, hasSession: Bool, _ now: Duration, _ actions: inout [Action]) {
    guard let connection = connections[id] else { return }
    let conversation = connection.conversation
    let handshake = Handshake(
      duration: now - connection.begun, serverVersion: conversation.serverVersion,
      accounts: hasSession ? conversation.accounts : nil)
    lastHandshake = handshake
    statistics.handshakes.record(handshake.duration / .seconds(1))
    check = nil
    hasSign = false
    queueSince = nil
    isQueueStuck = false
    proved = min(2, proved + 1)
    provedAt = now
    recovering = proved < 2 ? recovering ?? fault : nil
    fault = nil
    weighLink(id, now)
    // New clients are answered: what the kept connection waits for will not come any more.
    if let old = kept, old.missed > 0 { loseKept(now, &actions) }
    if proved == 2 && kept == nil && hasSession {
      connections[id]?.role = .kept
      kept = KeptConnection(id: id, askedAt: now, answeredAt: now)
    } else {
      close(id, failed: false, now, &actions)
    }
    answerDemand(linkLoss == nil ? .serving : .linkLost, ok: true, handshake, &actions)
  }

  mutating func failCheck(_ kind: Fault.Kind, _ now: Duration, _ actions: inout [Action]) {
    guard let id = check else { return }
    check = nil
    close(id, failed: true, now, &actions)
    note(kind, now)
    nextLook = now
    answerDemand(observation(of: kind), ok: false, nil, &actions)
  }

  /// Notes a failure of any kind.
  mutating func note(_ kind: Fault.Kind, _ now: Duration) {
    if var fault = fault ?? recovering {
      fault.kind = kind
      fault.count += 1
      self.fault = fault
    } else {
      fault = Fault(kind, since: now)
    }
    recovering = nil
    if fault?.isEstablished == true || proved < 2 { proved = 0 }
    statistics.failures[observation(of: kind).rawValue, default: 0] += 1
  }

  private var ownID: Int? { kept.flatMap { connections[$0.id]?.conversation.clientID } }

  // MARK: Checks that somebody asks for

  mutating func demand(_ actions: inout [Action]) {
    isDemanded = true
    if isSuspended {
      answerDemand(.listening, ok: false, nil, why: "a known restart is under way, so nothing is asked", &actions)
    } else if listening == .absent {
      answerDemand(.refused, ok: false, nil, &actions)
    }
  }

  /// Answers whoever has asked for a check, if anybody has.
  mutating func answerDemand(
    _ observation: APIObservation, ok: Bool, _ handshake: Handshake?, why: String? = nil, _ actions: inout [Action]
  ) {
    guard isDemanded else { return }
    isDemanded = false
    actions.append(
      .checked(
        CheckReport(
          mode: mode, ok: ok, observation: observation, why: why ?? words(for: observation),
          milliseconds: handshake.map { $0.duration / .milliseconds(1) }, serverVersion: handshake?.serverVersion,
          accounts: handshake?.accounts)))
  }
}
