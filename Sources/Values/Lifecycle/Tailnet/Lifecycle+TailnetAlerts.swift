/// When a person is told about the tailnet: at once for what only a person can mend, after minutes for what usually mends itself.
extension Lifecycle {
  mutating func alertOfTailnet(isNew: Bool, _ now: Moment, _ actions: inout [Action]) {
    guard var record = tailnet else { return }
    if isNew { record.plan(now) }
    if record.state == .running, record.isAlertOutstanding {
      record.isAlertOutstanding = false
      actions.append(.alert(record.alert(.backToNormal, "the tailnet is there again", now)))
    }
    if let kind = record.alert, let due = record.alertDueAt, due <= now.uptime {
      actions.append(.alert(record.alert(kind, "the tailnet: \(record.why)", now)))
      let repetition = min(record.alertsSent, AlertBook.repetitions.count - 1)
      record.alertDueAt = now.uptime + AlertBook.repetitions[repetition]
      record.alertsSent += 1
      record.isAlertOutstanding = true
    }
    if let message = record.dueExpiry(now) {
      actions.append(.log(.warning, Self.tailscaled, message))
      actions.append(.alert(record.alert(.tailnetKeyExpiring, message, now)))
    }
    record.planExpiry(now)
    tailnet = record
  }
}

extension TailnetRecord {
  /// What there is to say about the state, and when.
  fileprivate mutating func plan(_ now: Moment) {
    guard let (kind, delay) = state.alert else {
      alert = nil
      alertDueAt = nil
      alertsSent = 0
      return
    }
    // What is worse in another way is one trouble with what it follows.
    guard alert != kind else { return }
    alert = kind
    alertDueAt = now.uptime + delay
    alertsSent = 0
  }

  fileprivate func alert(_ kind: Alert.Kind, _ message: String, _ now: Moment) -> Alert {
    Alert(kind: kind, mode: nil, state: state.rawValue, message: message, at: now.wall, repeated: alertsSent)
  }

  /// What is to be said of the key's expiry now; nil when nothing is, or was said already.
  fileprivate mutating func dueExpiry(_ now: Moment) -> String? {
    guard let expiry = report?.keyExpiry, state == .running || state == .offline else { return nil }
    if announcedExpiry != expiry {
      announcedExpiry = expiry
      announcedNotice = .max
    }
    let left = expiry - now.wall
    guard let notice = Self.expiryNotices.last(where: { left <= $0 }), notice < announcedNotice, left > 0 else {
      return nil
    }
    announcedNotice = notice
    let fix =
      policy.hasKey
      ? "the key that was given is then used, if it is still good"
      : "renew it in the tailnet's admin console, or disable its expiry there"
    return "the node's key expires in \(spoken(milliseconds: left)); \(fix)"
  }

  /// When the expiry is next to be spoken of.
  fileprivate mutating func planExpiry(_ now: Moment) {
    expiryDueAt = nil
    guard let expiry = report?.keyExpiry, state == .running || state == .offline else { return }
    let next = Self.expiryNotices.first { expiry - now.wall > $0 }
    expiryDueAt = next.map { now.uptime + expiry - $0 - now.wall }
  }
}

extension TailnetState {
  /// What is said about the state, and how long it has to last before that, in ms; nil when there is nothing to say.
  fileprivate var alert: (Alert.Kind, Int64)? {
    switch self {
    case .running: nil
    case .waitingForLogin, .waitingForApproval: (.tailnetLoginWanted, 0)
    case .keyRefused: (.tailnetKeyRefused, 0)
    case .broken, .barred: (.tailnetDown, 0)
    case .starting, .loggingIn, .offline, .down, .unreachable: (.tailnetDown, 300_000)
    }
  }
}
