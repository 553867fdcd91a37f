extension StatusReport {
  /// The tailnet node. Times are in milliseconds.
  public struct Tailnet: Sendable, Codable, Equatable {
    /// One of ``TailnetState``'s raw values.
    public var state: String
    /// Since when it is in that state, since 1970.
    public var since: Int64
    /// For how long it has been in that state.
    public var duration: Int64
    /// Why it is in that state, in words.
    public var why: String
    /// `embedded` or `sidecar`.
    public var mode: String
    /// `userspace` or `kernel`; nil until tailscaled has said so.
    public var tun: String?
    /// The node's name in the tailnet; nil while it has none.
    public var name: String?
    /// Its addresses in the tailnet.
    public var addresses: [String]
    /// When it has to log in again, since 1970; nil: never.
    public var keyExpiry: Int64?
    /// What tailscaled finds wrong with itself.
    public var health: [String]
    /// How many peers it knows, where they were counted.
    public var peers: Int?
    /// Where a person can add the node, while that is wanted.
    public var loginURL: String?
    /// What keeps the tailnet from everything but the relay, in words; nil where nothing is known.
    public var `guard`: String?
    /// What became of the serve config, in words; nil where there is none.
    public var serve: String?
  }
}

extension Lifecycle {
  func tailnetReport(_ now: Moment) -> StatusReport.Tailnet? {
    guard let tailnet else { return nil }
    let report = tailnet.report
    return StatusReport.Tailnet(
      state: tailnet.state.rawValue, since: tailnet.since.wall, duration: now.uptime - tailnet.since.uptime,
      why: tailnet.why, mode: tailnet.policy.isOurs ? "embedded" : "sidecar",
      tun: report.flatMap { $0.isReachable ? $0.isKernel ? "kernel" : "userspace" : nil },
      name: report.flatMap { $0.name.isEmpty ? nil : $0.name }, addresses: report?.addresses ?? [],
      keyExpiry: report?.keyExpiry, health: report?.health ?? [], peers: report?.peers,
      loginURL: tailnet.state == .waitingForLogin ? report?.loginURL : nil, guard: tailnet.policy.protection,
      serve: report?.serve)
  }

  /// Why the tailnet is not ready; nil when it is, or when there is none.
  var tailnetCause: HealthReport.Cause? {
    guard let tailnet, tailnet.state != .running else { return nil }
    return HealthReport.Cause(about: "tailnet", state: tailnet.state.rawValue, why: tailnet.why)
  }
}
