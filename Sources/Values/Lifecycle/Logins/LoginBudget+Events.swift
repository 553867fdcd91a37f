/// What happens to a login.
extension LoginBudget {
  /// A login is charged, and the next one waits. `leastWait`: what IBKR asks for, in milliseconds.
  mutating func charge(
    _ why: String, as kind: ChargeKind = .failed, at now: Int64, backOff: BackOff, leastWait: Int64 = 0,
    random: inout SeededGenerator
  ) {
    charges.removeAll { $0.at <= now - LoginLimits.day }
    charges.append(Charge(at: now, why: why, kind: kind))
    attemptSince = nil
    isCharged = true
    isGranted = false
    hasSession = false
    failures += 1
    lastDelay = backOff.delay(failures: failures, previous: lastDelay, random: &random)
    notBefore = max(notBefore ?? .min, now + lastDelay)
    if leastWait > 0 { wait(asked: now + leastWait) }
  }

  /// IBKR asks to let no login be tried before then.
  mutating func wait(asked until: Int64) {
    askedUntil = max(askedUntil ?? .min, until)
    notBefore = max(notBefore ?? .min, until)
  }

  /// A login is under way. `keepsOrder`: it is not the one that a person has asked for, which is still to come.
  mutating func begin(at now: Int64, keepsOrder: Bool = false) {
    endSession(at: now)
    attemptSince = now
    isCharged = false
    isAttemptGranted = isGranted || hasSession
    isGranted = isGranted && keepsOrder
  }

  /// The login was completed.
  mutating func complete(at now: Int64) {
    attemptSince = nil
    notBefore = nil
    askedUntil = nil
    isGranted = false
    isCharged = false
    completedAt = hasSession ? completedAt ?? now : now
    hasSession = true
  }

  /// The java that was logged in has ended, or logs in anew. A session that has lasted makes up for the failures before it.
  mutating func endSession(at now: Int64) {
    guard let completedAt else { return }
    lasted = now - completedAt
    self.completedAt = nil
    guard now - completedAt >= Self.lasting else { return }
    failures = 0
    lastDelay = 0
    restarts = []
  }

  /// What the loss of the last session is charged as.
  var lossKind: ChargeKind { lasted.map { $0 < Self.lasting } ?? false ? .crashed : .lost }

  /// A restart that is known of needs a login. Returns whether that is more than the few that a day brings.
  mutating func restartNeedsLogin(at now: Int64) -> Bool {
    restartLogins.removeAll { $0 <= now - LoginLimits.day }
    guard restartLogins.count < Self.restartLoginsBorne else { return true }
    restartLogins.append(now)
    return false
  }

  /// A person asks for a login.
  mutating func grant(at now: Int64) {
    isGranted = true
    hold = nil
    askedUntil = askedUntil.flatMap { $0 > now ? $0 : nil }
    notBefore = askedUntil
    failures = 0
    lastDelay = 0
    takeovers = []
  }

  /// A stop begins, at `wall` ms since 1970: what it ends is not lost, and a session that was left before it is of no use any more.
  mutating func stop(at wall: Int64) {
    hasSession = false
    stoppedAt = wall
  }

  /// java was restarted inside ibcstart.sh, and no session has lasted since. Returns whether that makes a loop.
  mutating func restarted(at now: Int64) -> Bool {
    restarts.removeAll { $0 <= now - Self.restartMemory }
    restarts.append(now)
    return restarts.count > Self.restartsBorne
  }

  /// Another session of the same user has taken over. Returns whether that makes a duel.
  mutating func takenOver(at now: Int64) -> Bool {
    takeovers.removeAll { $0 <= now - Self.takeoverMemory }
    takeovers.append(now)
    return takeovers.count > Self.takeoversBorne
  }
}
