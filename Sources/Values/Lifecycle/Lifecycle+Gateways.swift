import Trading

/// The gateways as a person sees them: derived from the process, IBC's lines and the probe; and what the relay is told.
extension Lifecycle {
  /// How many checks have to fail in a row before a gateway that served is said not to.
  static var establishedFailures: Int { 2 }
  /// How long java may show no login attempt before it is said to wait for one, and how long a closed API port of a gateway that
  /// runs may pass for a restart, in milliseconds.
  static var loginPatience: Int64 { 45_000 }
  static var restartPatience: Int64 { 300_000 }

  /// The record of a mode's gateway.
  public func gateway(_ mode: Mode) -> GatewayRecord? { gateways.first { $0.mode == mode } }

  // MARK: What is heard

  mutating func note(_ event: Event, _ now: Moment, _ actions: inout [Action]) {
    switch event {
    case .service(let name, .spawned): withGateway(of: name) { $0.begin(now) }
    case .service(let name, .gateway(let said)):
      withGateway(of: name) { $0.hear(said, now) }
      if let place = places[name] { account(for: said, place, now, &actions) }
    case .service(let name, .ended(let exit)):
      if let place = places[name] { account(for: exit, place, now, &actions) }
      withGateway(of: name) { $0.end() }
    case .observed(let report):
      guard let place = gateways.firstIndex(where: { $0.mode == report.mode }) else { return }
      gateways[place].observe(report)
      // A person may have logged in by VNC, past IBC: what serves is up.
      let name = ServiceName.gateway(report.mode)
      if report.observation == .serving, let service = places[name], records[service].state == .starting {
        take(ServiceEvent.ready, service, now, &actions)
      }
    case .begin, .service, .stopRequested, .supervisorFails, .timePassed, .traffic, .tailnet: break
    }
  }

  private mutating func withGateway(of name: ServiceName, _ body: (inout GatewayRecord) -> Void) {
    if let place = gateways.firstIndex(where: { ServiceName.gateway($0.mode) == name }) { body(&gateways[place]) }
  }

  // MARK: What follows

  /// Derives every gateway's state anew, and tells the relay, the log and the person what changed.
  mutating func reviewGateways(_ now: Moment, _ actions: inout [Action]) {
    for place in gateways.indices {
      let name = ServiceName.gateway(gateways[place].mode)
      guard let service = record(name) else { continue }
      let (state, why) = gateways[place].derived(from: service, now)
      let before = gateways[place].state
      gateways[place].why = why
      if state != before {
        gateways[place].state = state
        gateways[place].since = now
        // A state that follows from the process alone was said with the process's own news.
        if service.state == .starting || service.state == .running {
          actions.append(.log(state.severity, name, "\(state.rawValue)\(why.isEmpty ? "" : ": \(why)")"))
        }
        announce(place, from: before, now, &actions)
      }
      tellRelay(place, service, &actions)
      remedy(place, now, &actions)
      gateways[place].reviewAt = gateways[place].nextChange(service, now)
    }
    sendDueAlerts(now, &actions)
  }

  private mutating func tellRelay(_ place: Int, _ service: ServiceRecord, _ actions: inout [Action]) {
    guard let relay = record("relay"), relay.state == .running else {
      gateways[place].relayOrder = nil
      return
    }
    let isProbed = isProbeUp && gateways[place].observation != nil
    let order: RelayOrder =
      if gateways[place].wrongMode || !isRunning {
        .closed
      } else if isProbed {
        service.state.hasProcess && gateways[place].observation?.listens == true ? .open : .closed
      } else {
        .automatic
      }
    guard order != gateways[place].relayOrder else { return }
    gateways[place].relayOrder = order
    actions.append(.relay(gateways[place].mode, order))
  }

  /// Somebody looks at the gateways.
  var isProbeUp: Bool { record("probe")?.state == .running }

  /// The uptime at which something about a gateway is due by the passing of time alone.
  var gatewayWake: Int64? {
    gateways.indices.flatMap { place in
      let remedy = gateways[place].remedy
      return [gateways[place].reviewAt, alertWake(place), remedy.asked || remedy.taken ? nil : remedy.dueAt]
    }.compactMap(\.self).min()
  }
}

extension GatewayState {
  /// How much a change into the state matters.
  var severity: Severity {
    switch self {
    case .starting, .loggingIn, .serving, .restarting, .stopped: .info
    case .waitingForLogin, .waitingFor2FA, .disconnectedFromIBKR, .degraded: .warning
    case .wedged, .loginHold: .error
    }
  }
}
