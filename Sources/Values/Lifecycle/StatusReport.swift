/// The state of everything at one moment, as `ibgw status --json` and the supervisor's socket give it. Times are in milliseconds.
public struct StatusReport: Sendable, Codable, Equatable {
  /// One service.
  public struct Service: Sendable, Codable, Equatable {
    /// Its name.
    public var name: String
    /// One of ``ServiceState``'s names.
    public var state: String
    /// Since when it is in that state, since 1970.
    public var since: Int64
    /// For how long it has been in that state.
    public var duration: Int64
    /// Why it is in that state, in words.
    public var why: String
    /// The process that leads it.
    public var pid: Int32?
    /// How often it has been started again without having been told to.
    public var restarts: Int
    /// How it ended the last time.
    public var lastEnd: String?
    /// In how many milliseconds it is tried again.
    public var nextTry: Int64?
  }

  /// One gateway.
  public struct Gateway: Sendable, Codable, Equatable {
    /// Its trading mode.
    public var mode: String
    /// One of ``GatewayState``'s raw values.
    public var state: String
    /// Since when it is in that state, since 1970.
    public var since: Int64
    /// For how long it has been in that state.
    public var duration: Int64
    /// Why it is in that state, in words.
    public var why: String
    /// What the probe saw last: one of ``APIObservation``'s raw values.
    public var observation: String?
    /// Logins since the supervisor started: tried, completed, failed.
    public var logins: GatewayRecord.Logins
    /// The logins that were for nothing, also before the supervisor started.
    public var budget: Budget
    /// In how many milliseconds the next login is tried, where it waits for its time.
    public var nextTry: Int64?
  }

  /// How many logins may be for nothing, and how many were.
  public struct Budget: Sendable, Codable, Equatable {
    /// How many were within the last hour.
    public var inHour: Int
    /// How many may be within an hour.
    public var perHour: Int
    /// How many were within the last day.
    public var inDay: Int
    /// How many may be within a day.
    public var perDay: Int
    /// Why the last one was for nothing.
    public var last: String?
  }

  /// Something that is known to happen.
  public struct NextEvent: Sendable, Codable, Equatable {
    /// What: `auto-restart`, `weekly-login`.
    public var name: String
    /// What it means, in words.
    public var meaning: String
    /// When, since 1970.
    public var at: Int64
    /// In how many milliseconds.
    public var within: Int64

    /// An event.
    public init(name: String, meaning: String, at: Int64, within: Int64) {
      self.name = name
      self.meaning = meaning
      self.at = at
      self.within = within
    }
  }

  /// The program's version.
  public var version: String
  /// The supervisor's process id, as it sees it itself.
  public var pid: Int32
  /// `running`, `stopping` or `ended`.
  public var phase: String
  /// When the supervisor started, since 1970.
  public var started: Int64
  /// For how long it has been running.
  public var uptime: Int64
  /// How many processes that were nobody's child any more it has collected.
  public var orphansReaped: Int
  /// How many crashes of its own it has survived, and how often its program was executed anew on request.
  public var crashes: Int
  public var reloads: Int
  /// Every gateway, live before paper.
  public var gateways: [Gateway]
  /// Every service in the order of its start.
  public var services: [Service]
  /// What is known to happen next, the soonest first.
  public var nextEvents: [NextEvent]
  /// The tailnet node; nil where there is none.
  public var tailnet: Tailnet?
}

extension Lifecycle {
  /// The state of everything at `now`.
  public func report(
    version: String, pid: Int32, started: Moment, orphansReaped: Int, crashes: Int = 0, reloads: Int = 0, at now: Moment
  ) -> StatusReport {
    StatusReport(
      version: version, pid: pid, phase: phaseName, started: started.wall, uptime: now.uptime - started.uptime,
      orphansReaped: orphansReaped, crashes: crashes, reloads: reloads, gateways: gateways.map { gateway($0, now) },
      services: plans.indices.map { service($0, now) }, nextEvents: nextEvents(now),
      tailnet: tailnetReport(now))
  }

  private func gateway(_ record: GatewayRecord, _ now: Moment) -> StatusReport.Gateway {
    StatusReport.Gateway(
      mode: record.mode.rawValue, state: record.state.rawValue, since: record.since.wall,
      duration: now.uptime - record.since.uptime, why: record.why,
      observation: record.observation?.observation.rawValue, logins: record.logins, budget: budget(record, now),
      nextTry: self.record(.gateway(record.mode)).flatMap { nextTry($0, now) })
  }

  private func budget(_ record: GatewayRecord, _ now: Moment) -> StatusReport.Budget {
    StatusReport.Budget(
      inHour: record.budget.charged(within: LoginLimits.hour, at: now.uptime), perHour: policy.loginLimits.perHour,
      inDay: record.budget.charged(within: LoginLimits.day, at: now.uptime), perDay: policy.loginLimits.perDay,
      last: record.budget.charges.last?.why)
  }

  private func nextTry(_ record: ServiceRecord, _ now: Moment) -> Int64? {
    guard [.backingOff, .degraded, .held].contains(record.state) else { return nil }
    return record.until.map { max(0, $0 - now.uptime) }
  }

  private func nextEvents(_ now: Moment) -> [StatusReport.NextEvent] {
    guard !gateways.isEmpty else { return [] }
    let weekly = IBKRCalendar.nextWeeklyLogin(after: now.wall)
    return [
      StatusReport.NextEvent(
        name: "weekly-login", meaning: "IBKR ends the week's session; \(Self.nextLogin(gateways.map(\.mode)))",
        at: weekly,
        within: weekly - now.wall)
    ]
  }

  var phaseName: String {
    switch phase {
    case .running: "running"
    case .stopping: "stopping"
    case .ended: "ended"
    }
  }

  private func service(_ place: Int, _ now: Moment) -> StatusReport.Service {
    let record = records[place]
    let waits = record.state == .waiting ? missing(place, now).joined(separator: ", ") : ""
    return StatusReport.Service(
      name: plans[place].name.text, state: record.state.rawValue, since: record.since.wall,
      duration: now.uptime - record.since.uptime, why: record.why.isEmpty ? waits : record.why, pid: record.pid,
      restarts: record.restarts, lastEnd: record.lastEnd,
      nextTry: nextTry(record, now))
  }
}
