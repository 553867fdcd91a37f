import Trading

/// What is done about a gateway that answers nobody. The raw values are those of `ON_WEDGE`.
public enum WedgePolicy: String, Sendable, Hashable, Codable, CaseIterable {
  /// Its session is restarted by IBC's command server, which needs no second factor; only where that is sure.
  case session
  /// It is said, and nothing is done.
  case report
  /// As `session` where that is sure, else java is restarted, which may need a person for the login.
  case restart
}

/// The user's wishes that the gateways' decisions depend on.
public struct GatewayPolicy: Sendable, Hashable, Codable {
  /// What is done about a wedge.
  public var onWedge: WedgePolicy
  /// Whose reset windows are kept quiet.
  public var region: IBKRRegion
  /// Whether IBC's command server can be reached.
  public var hasCommandServer: Bool
  /// How many logins may be for nothing.
  public var loginLimits = LoginLimits()
  /// How long the next login waits after one that was for nothing.
  public var loginBackOff = BackOff(initial: 30_000, maximum: 600_000, resetAfter: 0)
  /// Whether a login that ended for want of the second factor is tried again even where the container would end with the gateway.
  public var retriesSecondFactor = false

  /// A policy; the default asks for nothing that could cost a login.
  public init(onWedge: WedgePolicy = .session, region: IBKRRegion = .america, hasCommandServer: Bool = false) {
    self.onWedge = onWedge
    self.region = region
    self.hasCommandServer = hasCommandServer
  }
}

/// A command of IBC's command server.
public enum IBCCommand: String, Sendable, Hashable, Codable, CaseIterable {
  /// Ends the gateway in order.
  case stop = "STOP"
  /// Restarts it and keeps the session.
  case restart = "RESTART"
  /// Ends it and keeps the session for the next start.
  case pause = "PAUSE"
}

/// The remedy for a wedge: never at once, never while somebody's data still flows, and never one that costs a login unless the
/// user has asked for that.
extension Lifecycle {
  /// How long a gateway has to be wedged before anything is done, in milliseconds.
  static var wedgePatience: Int64 { 180_000 }
  /// How near the end of the week's session a restart is no longer sure to need no login, in milliseconds.
  static var sessionMargin: Int64 { 600_000 }

  /// Asks for the relay's traffic when a wedge begins and when it has lasted long enough.
  mutating func remedy(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard isRunning, gateways[place].state == .wedged else {
      gateways[place].remedy = Remedy()
      return
    }
    // What the probe saw last may be so no more. Once it looks again, the wedge has to last as long as any other.
    guard isProbeUp else {
      gateways[place].remedy = Remedy(taken: gateways[place].remedy.taken)
      return
    }
    guard policy.onWedge != .report, !gateways[place].remedy.taken else { return }
    if gateways[place].remedy.dueAt == nil {
      gateways[place].remedy.dueAt = now.uptime + Self.wedgePatience
      actions.append(.askTraffic(gateways[place].mode))
    } else if let due = gateways[place].remedy.dueAt, due <= now.uptime, !gateways[place].remedy.asked {
      gateways[place].remedy.asked = true
      actions.append(.askTraffic(gateways[place].mode))
    }
  }

  /// The relay has said how many bytes it has carried for a gateway; nil: it could not be asked.
  mutating func weigh(traffic bytes: Int64?, of mode: Mode, _ now: Moment, _ actions: inout [Action]) {
    guard let place = gateways.firstIndex(where: { $0.mode == mode }), gateways[place].state == .wedged else { return }
    guard gateways[place].remedy.asked else {
      gateways[place].remedy.bytes = bytes
      return
    }
    gateways[place].remedy.asked = false
    guard let bytes, bytes == gateways[place].remedy.bytes else {
      gateways[place].remedy.bytes = bytes
      gateways[place].remedy.dueAt = now.uptime + Self.wedgePatience
      return
    }
    gateways[place].remedy.taken = true
    takeRemedy(place, now, &actions)
  }

  private mutating func takeRemedy(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    let gateway = gateways[place]
    let name = ServiceName.gateway(gateway.mode)
    if policy.hasCommandServer && gateway.hasServed && sessionOutlives(gateway, now) {
      actions.append(
        .log(.warning, name, "wedged for 3 min and nothing flows; its session is restarted, which needs no login"))
      actions.append(.command(gateway.mode, .restart))
    } else if policy.onWedge == .restart, gateway.budget.reopens(policy.loginLimits, at: now.uptime) == nil,
      let service = places[name], records[service].state.hasProcess
    {
      actions.append(.log(.warning, name, "wedged for 3 min and nothing flows; it is restarted (ON_WEDGE=restart)"))
      charge(place, "it was wedged and is restarted", now, &actions)
      beginStop(service, .restart, now, &actions)
    } else {
      let text = "wedged for 3 min; a restart may need a login, so it is left to you: ibgw restart \(name)"
      actions.append(.log(.error, name, text))
    }
  }

  /// Whether the session of the last login is sure to last through a restart: no Sunday 01:00 Eastern time lies between.
  private func sessionOutlives(_ gateway: GatewayRecord, _ now: Moment) -> Bool {
    guard let loggedInAt = gateway.loggedInAt else { return false }
    return IBKRCalendar.nextWeeklyLogin(after: loggedInAt) > now.wall + Self.sessionMargin
  }
}

/// How far the remedy of one wedge has come.
struct Remedy: Sendable, Hashable, Codable {
  /// The uptime in ms at which it is considered.
  var dueAt: Int64?
  /// The relay has been asked and has not answered yet.
  var asked = false
  /// What the relay had carried when it was asked before.
  var bytes: Int64?
  var taken = false
}
