import Trading

/// When a person is told: at once for what only a person can mend, after IBKR's reset windows for what usually mends itself, again
/// while it lasts, and once when it is over.
extension Lifecycle {
  /// A gateway's state has changed.
  mutating func announce(_ place: Int, from before: GatewayState, _ now: Moment, _ actions: inout [Action]) {
    let state = gateways[place].state
    if state == .serving {
      gateways[place].alerts.pending = nil
      gateways[place].alerts.dueAt = nil
      gateways[place].alerts.sent = 0
      if gateways[place].alerts.isOutstanding {
        gateways[place].alerts.isOutstanding = false
        send(.backToNormal, "serves again", place, now, &actions)
      }
      return
    }
    guard let (kind, delay) = state.alert else {
      gateways[place].alerts.pending = nil
      gateways[place].alerts.dueAt = nil
      return
    }
    gateways[place].alerts.pending = kind
    gateways[place].alerts.sent = 0
    let spaced = gateways[place].alerts.last[kind].map { $0 + AlertBook.spacing } ?? 0
    gateways[place].alerts.dueAt = max(now.uptime + delay, spaced, quietUntil(kind, now))
  }

  /// Sends what is due.
  mutating func sendDueAlerts(_ now: Moment, _ actions: inout [Action]) {
    for place in gateways.indices {
      announceWeeklyLogin(place, now, &actions)
      guard let kind = gateways[place].alerts.pending, let due = gateways[place].alerts.dueAt, due <= now.uptime
      else { continue }
      let quiet = quietUntil(kind, now)
      guard quiet <= now.uptime else {
        gateways[place].alerts.dueAt = quiet
        continue
      }
      send(kind, gateways[place].why, place, now, &actions)
      let repetition = min(gateways[place].alerts.sent, AlertBook.repetitions.count - 1)
      gateways[place].alerts.dueAt = now.uptime + AlertBook.repetitions[repetition]
      gateways[place].alerts.sent += 1
      gateways[place].alerts.isOutstanding = true
    }
  }

  /// A login has failed; said at once, whatever state follows.
  mutating func announceFailedLogin(_ name: ServiceName, _ why: String, _ now: Moment, _ actions: inout [Action]) {
    guard let place = gateways.firstIndex(where: { ServiceName.gateway($0.mode) == name }) else { return }
    let last = gateways[place].alerts.last[.loginFailed]
    guard last.map({ now.uptime - $0 >= AlertBook.spacing }) ?? true else { return }
    gateways[place].alerts.isOutstanding = true
    send(.loginFailed, why, place, now, &actions)
  }

  /// The uptime at which the next alert is due.
  func alertWake(_ place: Int) -> Int64? {
    let alerts = gateways[place].alerts
    return [alerts.pending == nil ? nil : alerts.dueAt, alerts.weeklyDueAt].compactMap(\.self).min()
  }

  private mutating func announceWeeklyLogin(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let next = IBKRCalendar.nextWeeklyLogin(after: now.wall)
    gateways[place].alerts.weeklyDueAt = nil
    guard gateways[place].state == .serving, gateways[place].alerts.weeklyAnnounced != next else { return }
    guard next - now.wall <= AlertBook.weeklyNotice else {
      gateways[place].alerts.weeklyDueAt = now.uptime + next - now.wall - AlertBook.weeklyNotice
      return
    }
    gateways[place].alerts.weeklyAnnounced = next
    let left = spoken(milliseconds: next - now.wall)
    send(
      .weeklyLoginDue, "the week's session ends in \(left); \(Self.nextLogin([gateways[place].mode]))", place, now,
      &actions)
  }

  /// What the first login of a week takes, in words. A paper account is not asked for a second factor.
  static func nextLogin(_ modes: [Mode]) -> String {
    modes.contains(.live) ? "the next login needs the second factor" : "the next login is a whole one"
  }

  /// Until when an alert of the kind waits for IBKR's own reset to be over; the present uptime when it need not.
  private func quietUntil(_ kind: Alert.Kind, _ now: Moment) -> Int64 {
    switch kind {
    case .wedged, .degraded, .disconnected, .restartOverdue:
      IBKRCalendar.resetWindowEnd(now.wall, policy.region).map { now.uptime + $0 - now.wall } ?? now.uptime
    case .secondFactorWanted, .loginWanted, .loginFailed, .hold, .weeklyLoginDue, .backToNormal, .tailnetLoginWanted,
      .tailnetKeyRefused, .tailnetKeyExpiring, .tailnetDown:
      now.uptime
    }
  }

  private mutating func send(
    _ kind: Alert.Kind, _ message: String, _ place: Int, _ now: Moment, _ actions: inout [Action]
  ) {
    gateways[place].alerts.last[kind] = now.uptime
    let alert = Alert(
      kind: kind, mode: gateways[place].mode, state: gateways[place].state.rawValue, message: message, at: now.wall,
      repeated: gateways[place].alerts.sent)
    actions.append(.alert(alert))
  }
}

extension GatewayState {
  /// What is said about the state, and how long it has to last before that, in ms; nil when there is nothing to say.
  fileprivate var alert: (Alert.Kind, Int64)? {
    switch self {
    case .waitingFor2FA: (.secondFactorWanted, 0)
    case .waitingForLogin: (.loginWanted, 0)
    case .loginHold: (.hold, 0)
    case .wedged: (.wedged, 0)
    case .degraded: (.degraded, 0)
    case .disconnectedFromIBKR: (.disconnected, 60_000)
    case .restarting: (.restartOverdue, 300_000)
    case .starting, .loggingIn, .serving, .stopped: nil
    }
  }
}
