import Splice

/// The passive look: the listener comes and goes, and its accept queue tells of a gateway that is frozen.
extension GatewayWatch {
  mutating func take(_ look: ListenTable.Look, _ now: Duration, _ actions: inout [Action]) {
    let before = listening
    switch look {
    case .unreadable:
      // A table that cannot be read once, for want of descriptors perhaps, says nothing about the gateway.
      if case .present = before { return }
      listening = .unseen
    case .absent:
      listening = .absent
      if before != .absent { begin(now, &actions) }
      answerDemand(.refused, ok: false, nil, &actions)
    case .present(let listener):
      listening = .present(listener)
      switch before {
      case .present(let old) where old.inode == listener.inode:
        if listener.waiting < old.waiting || (listener.unclosed ?? .max) < (old.unclosed ?? 0) { noteSign() }
      case .unseen: break
      case .unknown, .absent, .present: begin(now, &actions)
      }
      noteQueue(listener, now)
    }
  }

  private mutating func noteQueue(_ listener: ListenTable.Listener, _ now: Duration) {
    guard listener.waiting > 0 else {
      queueSince = nil
      isQueueStuck = false
      return
    }
    let since = queueSince ?? now
    queueSince = since
    isQueueStuck = now - since > timing.queuePatience
    // A check that is under way will tell by itself.
    if isQueueStuck && fault == nil && check == nil && !isSuspended { note(.queueStuck, now) }
  }

  /// How soon the tables are looked at again: what comes and goes is to be seen at once, and the rest may take its time.
  var lookInterval: Duration {
    if case .unseen = listening { return timing.lookWhileUp }
    if fault?.isEstablished == true { return timing.lookWhileUp }
    let isSettled = proved == 2 && fault == nil && (kept != nil || !ids.hasFree)
    return isSettled ? timing.lookWhileUp : timing.lookWhileDown
  }

  /// Another listener, or none any more: whatever was known is about another run of the gateway.
  private mutating func begin(_ now: Duration, _ actions: inout [Action]) {
    closeAll(now, &actions)
    ids.forget()
    checkedAt = nil
    proved = 0
    fault = nil
    hasSign = false
    leftOpen = false
    replacesKept = false
    keptLostAt = nil
    linkLoss = nil
    queueSince = nil
    isQueueStuck = false
    recovering = nil
  }

  // MARK: Known restarts

  mutating func suspend(_ now: Duration, _ actions: inout [Action]) {
    guard !isSuspended else { return }
    isSuspended = true
    begin(now, &actions)
    answerDemand(.listening, ok: false, nil, why: "a known restart is under way, so nothing is asked", &actions)
  }

  mutating func resume() {
    isSuspended = false
    nextLook = .zero
  }

  mutating func stop(_ now: Duration, _ actions: inout [Action]) {
    isStopped = true
    closeAll(now, &actions)
    answerDemand(.listening, ok: false, nil, why: "the probe is being stopped", &actions)
  }
}
