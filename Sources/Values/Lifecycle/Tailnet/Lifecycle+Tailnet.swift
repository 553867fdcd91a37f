/// The tailnet: what is seen of it, and what is asked of tailscaled. Nothing here touches a gateway, and no gateway waits for it.
extension Lifecycle {
  /// The service that runs the node, where it is ours.
  public static var tailscaled: ServiceName { "tailscaled" }

  mutating func hear(_ event: TailnetEvent, _ now: Moment, _ actions: inout [Action]) {
    guard tailnet != nil else { return }
    switch event {
    case .observed(let report): observe(report, now, &actions)
    case .loginEnded(let why?): refuse(why, now, &actions)
    case .loginEnded(nil): break
    case .loginUndelivered(let why):
      tailnet?.isPending = false
      tailnet?.retryAt = now.uptime + TailnetRecord.undeliveredRetry
      tailnet?.hasAskedForURL = false
      actions.append(.log(.debug, Self.tailscaled, "the login was not put: \(why)"))
    case .keyRead(let hasKey):
      tailnet?.policy.hasKey = hasKey
      if hasKey { tryKeyAgain(now) }
    case .loggedOut:
      guard let place = places[Self.tailscaled], records[place].state == .stopping,
        currentStep(place).measure == .logOut
      else { return }
      nextStopStep(place, now, &actions)
    }
  }

  private mutating func observe(_ report: TailnetReport, _ now: Moment, _ actions: inout [Action]) {
    let before = tailnet?.report
    tailnet?.report = report
    if let place = places[Self.tailscaled], report.isReachable, records[place].state == .starting {
      take(ServiceEvent.ready, place, now, &actions)
    }
    if before?.session != report.session {
      tailnet?.isPending = false
      tailnet?.hasAskedForURL = false
      tailnet?.isConfigured = false
      tailnet?.hasRun = false
      tailnet?.hasBeenOnline = false
      tailnet?.needsLoginSince = nil
    }
    if report.backend == "Running" {
      tailnet?.hasRun = true
      if report.isOnline { tailnet?.hasBeenOnline = true }
      tailnet?.isPending = false
      tailnet?.refusal = nil
      tailnet?.refusals = 0
      tailnet?.retryAt = nil
    }
    let needed = tailnet?.needsLoginSince ?? now.uptime
    tailnet?.needsLoginSince = report.backend == "NeedsLogin" ? needed : nil
    if let stamp = before?.keyStamp, stamp != report.keyStamp { tryKeyAgain(now) }
    if let failure = report.failure, tailnet?.isPending == true { refuse(failure, now, &actions) }
    if let serve = report.serve, serve != before?.serve {
      actions.append(.log(serve.hasPrefix("refused") ? .warning : .info, Self.tailscaled, "serve config: \(serve)"))
    }
  }

  /// The control server, or what asks it, has said no.
  private mutating func refuse(_ why: String, _ now: Moment, _ actions: inout [Action]) {
    guard var record = tailnet, record.isPending || record.hasAskedForURL else { return }
    record.isPending = false
    record.hasAskedForURL = false
    record.refusal = why
    record.refusals += 1
    let delay = min(TailnetRecord.longestRetry, TailnetRecord.firstRetry << Int64(min(record.refusals - 1, 10)))
    record.retryAt = now.uptime + delay
    tailnet = record
    let when = spoken(milliseconds: delay)
    actions.append(
      .log(.error, Self.tailscaled, "the login is refused: \(why); tried again in \(when), or when the key changes"))
  }

  private mutating func tryKeyAgain(_ now: Moment) {
    guard let record = tailnet, record.refusal != nil || record.hasAskedForURL || record.isPending
    else { return }
    tailnet?.refusals = 0
    tailnet?.isPending = false
    tailnet?.retryAt = max(now.uptime, (record.triedAt ?? .min / 2) + TailnetRecord.spacing)
  }

  // MARK: What follows

  /// Derives the state anew, and orders and says what follows from it.
  mutating func reviewTailnet(_ now: Moment, _ actions: inout [Action]) {
    guard tailnet != nil else { return }
    if isRunning { orderLogin(now, &actions) }
    guard var record = tailnet else { return }
    let (state, why) = record.derived(from: record.policy.isOurs ? self.record(Self.tailscaled) : nil)
    let isNew = state != record.state
    record.why = why
    if isNew {
      record.state = state
      record.since = now
    }
    let url = state == .waitingForLogin ? record.report?.loginURL : nil
    if (isNew || url != nil && url != record.shownURL) && isRunning {
      let more = state == .running ? record.introduction : why
      let text = "\(state.rawValue)\(more.isEmpty ? "" : ": \(more)")"
      // A refusal has been said with its own words already.
      if state != .keyRefused { actions.append(.log(state.severity, Self.tailscaled, text)) }
    }
    if let url { record.shownURL = url }
    tailnet = record
    if isRunning { alertOfTailnet(isNew: isNew, now, &actions) }
  }

  private mutating func orderLogin(_ now: Moment, _ actions: inout [Action]) {
    guard var record = tailnet, record.policy.isOurs, let report = record.report, report.isReachable,
      self.record(Self.tailscaled)?.state == .running
    else { return }
    if let due = record.loginDue, due <= now.uptime {
      record.isPending = record.policy.hasKey
      record.triedAt = now.uptime
      record.retryAt = nil
      record.hasAskedForURL = !record.policy.hasKey
      record.isConfigured = true
      actions.append(.tailnet(record.policy.hasKey ? .logInWithKey : .logInByHand))
    } else if report.hasNodeKey, !record.isConfigured, ["Running", "Starting", "NoState"].contains(report.backend) {
      record.isConfigured = true
      actions.append(.tailnet(.configure))
    }
    tailnet = record
  }

  /// The uptime at which something about the tailnet is due by the passing of time alone.
  var tailnetWake: Int64? {
    guard isRunning, let tailnet else { return nil }
    let canOrder = tailnet.policy.isOurs && record(Self.tailscaled)?.state == .running
    return [
      canOrder ? tailnet.loginDue : nil, tailnet.alert == nil ? nil : tailnet.alertDueAt, tailnet.expiryDueAt,
    ].compactMap(\.self).min()
  }
}

extension TailnetRecord {
  /// The uptime from which on a login is to be ordered; nil where none is.
  var loginDue: Int64? {
    guard let report, report.isReachable, report.backend == "NeedsLogin", let needsLoginSince else { return nil }
    if isPending { return (triedAt ?? needsLoginSince) + Self.pendingPatience }
    if !policy.hasKey { return hasAskedForURL ? nil : max(needsLoginSince, retryAt ?? .min) }
    // A node that has a key of its own may only be on its way up.
    let settled = report.hasNodeKey && !hasRun ? needsLoginSince + Self.grace : needsLoginSince
    return max(settled, retryAt ?? triedAt.map { $0 + Self.spacing } ?? .min)
  }

  /// The node as it introduces itself.
  fileprivate var introduction: String {
    guard let report else { return "" }
    let name = report.name.isEmpty ? "" : "\(report.name), "
    return name + report.addresses.joined(separator: " ")
  }
}

extension TailnetState {
  fileprivate var severity: Severity {
    switch self {
    case .starting, .loggingIn, .running: .info
    case .waitingForLogin, .waitingForApproval, .offline, .down, .unreachable: .warning
    case .keyRefused, .broken, .barred: .error
    }
  }
}
