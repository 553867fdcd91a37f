/// The tailnet as a person sees it.
///
///     starting --> running <--> offline
///        |            |
///        v            v  the node's key has expired, or was removed
///     logging-in --> key-refused --a changed key, or time--> logging-in
///        |`--> waiting-for-login (no key: a person opens an address) --> running
///        `---> waiting-for-approval --> running
///     down: switched off by a person; barred: not started, since nothing would guard it; broken: the state cannot be read; unreachable: tailscaled does not answer
public enum TailnetState: String, Sendable, Hashable, Codable, CaseIterable {
  /// tailscaled starts, or waits for the control server.
  case starting
  /// A login is under way.
  case loggingIn = "logging-in"
  /// A person has to open an address.
  case waitingForLogin = "waiting-for-login"
  /// The control server does not take the key.
  case keyRefused = "key-refused"
  /// An administrator of the tailnet has to approve the node.
  case waitingForApproval = "waiting-for-approval"
  /// The node is up, has an address and hears the control server.
  case running
  /// The node is up and does not hear the control server: traffic goes on, news of peers and rules do not come.
  case offline
  /// A person has switched it off.
  case down
  /// Nothing could keep the tailnet to the API's ports, and TAILNET_GUARD asks for that.
  case barred
  /// tailscaled cannot read its state.
  case broken
  /// tailscaled does not answer.
  case unreachable
}

/// What is known of the tailnet, and what was done about it.
public struct TailnetRecord: Sendable, Hashable, Codable {
  /// Where it stands.
  public internal(set) var state = TailnetState.starting
  /// Since when.
  public internal(set) var since: Moment
  /// Why, in words; empty when there is nothing to say.
  public internal(set) var why = ""
  /// What the probe saw last.
  public internal(set) var report: TailnetReport?
  /// What is decided about it.
  public internal(set) var policy: TailnetPolicy

  /// A login was ordered and its outcome is not known yet.
  var isPending = false
  /// The uptime at which a login was ordered last, and at which the next one is, in ms.
  var triedAt: Int64?
  var retryAt: Int64?
  /// Refusals in a row, and the words of the last one.
  var refusals = 0
  var refusal: String?
  /// In this session: an address was asked for, the preferences were given, the node has been up, it has heard the control server, and
  /// since when it needs a login.
  var hasAskedForURL = false
  var isConfigured = false
  var hasRun = false
  var hasBeenOnline = false
  var needsLoginSince: Int64?
  /// What was told: the alert that is due or was sent, and the address that was last shown.
  var alert: Alert.Kind?
  var alertDueAt: Int64?
  var alertsSent = 0
  var isAlertOutstanding = false
  var shownURL: String?
  /// The expiry that was announced, in ms since 1970, and how many ms before it.
  var announcedExpiry: Int64?
  var announcedNotice: Int64 = .max
  /// The uptime at which it has to be announced next, in ms.
  var expiryDueAt: Int64?

  init(policy: TailnetPolicy, now: Moment) {
    self.policy = policy
    since = now
  }

  /// How long after a refusal the same key is tried again: 10 min, doubled up to an hour. In ms, as all here.
  static let firstRetry: Int64 = 600_000
  static let longestRetry: Int64 = 3_600_000
  /// The least time between two logins; how long an order may stay without an outcome; and how long a node that has a key is let be
  /// before a key is used up on it.
  static let spacing: Int64 = 5000
  static let undeliveredRetry: Int64 = 15_000
  static let pendingPatience: Int64 = 600_000
  static let grace: Int64 = 2000
  /// How long before its expiry a node's key is announced.
  static let expiryNotices: [Int64] = [7 * 86_400_000, 86_400_000]
}

extension TailnetRecord {
  /// The state and the reason for it, from the last report and the process's own record.
  func derived(from service: ServiceRecord?) -> (TailnetState, String) {
    if policy.isBarred { return (.barred, policy.protection ?? "") }
    if let service, !service.state.hasProcess, service.state != .waiting {
      return (.unreachable, "tailscaled: \(service.why)")
    }
    guard let report else { return (.starting, "waits for tailscaled") }
    guard report.isReachable else { return (service?.state == .starting ? .starting : .unreachable, report.why) }
    switch report.backend {
    case "Running":
      if report.addresses.isEmpty { return (.starting, "has no address yet") }
      if report.isOnline { return (.running, report.health.joined(separator: " ")) }
      if !hasBeenOnline { return (.starting, "the control server has not been heard yet") }
      let said = report.health.isEmpty ? "" : ": \(report.health.joined(separator: " "))"
      return (.offline, "the control server is not heard; traffic goes on\(said)")
    case "NeedsLogin": return login(report)
    case "NeedsMachineAuth":
      return (.waitingForApproval, "an administrator has to approve the node in the tailnet's admin console")
    case "Stopped": return (.down, "switched off; `tailscale up` switches it on")
    case "NoState":
      if let broken = report.health.first(where: { $0.contains("State store failed to initialize") }) {
        let fix = "remove \(policy.stateFile), and the node joins anew"
        return (.broken, "\(broken) \(policy.isOurs ? fix : "mend the sidecar's state")")
      }
      return (.starting, report.hasNodeKey ? "the control server has not answered yet" : "")
    default: return (.starting, "")
    }
  }

  private func login(_ report: TailnetReport) -> (TailnetState, String) {
    if let refusal {
      return (.keyRefused, "the control server says: \(refusal); give another key, it is then tried at once")
    }
    if let url = report.loginURL { return (.waitingForLogin, "open \(url) to add the node to the tailnet") }
    if !policy.isOurs { return (.waitingForLogin, "the sidecar has to log in; its log has the address or the error") }
    if !policy.hasKey, let failure = report.failure { return (.waitingForLogin, failure) }
    return (.loggingIn, isPending || !policy.hasKey ? "the control server is asked, and has not answered yet" : "")
  }
}
