import Trading

/// What of a lifecycle has to outlive the supervisor's program. The plans follow from the settings, which are read again.
public struct LifecycleState: Sendable, Hashable, Codable {
  /// What is known of each service.
  struct Service: Sendable, Hashable, Codable {
    var name: ServiceName
    var record: ServiceRecord
  }

  var services: [Service]
  var gateways: [GatewayRecord]
  var tailnet: TailnetRecord?
  var phase: Lifecycle.Phase
  var random: SeededGenerator
}

/// How a supervisor goes on from what another program was doing in the same process: after its crash, or in its place.
extension Lifecycle {
  /// Everything that is known now.
  public var state: LifecycleState {
    LifecycleState(
      services: plans.indices.map { LifecycleState.Service(name: plans[$0].name, record: records[$0]) },
      gateways: gateways, tailnet: tailnet, phase: phase, random: random)
  }

  /// Goes on from there. What these plans no longer have is forgotten; a new service waits for its start, but a new script has
  /// missed its moment.
  public mutating func goOn(from state: LifecycleState, at now: Moment) {
    phase = state.phase
    random = state.random
    for service in state.services {
      if let place = places[service.name] { records[place] = service.record }
    }
    for record in state.gateways {
      if let place = gateways.firstIndex(where: { $0.mode == record.mode }) { gateways[place] = record }
    }
    if tailnet != nil, let record = state.tailnet { tailnet = record }
    let known = Set(state.services.map(\.name))
    for place in plans.indices where !known.contains(plans[place].name) {
      let hasMissed = plans[place].kind == .task || phase != .running
      enter(hasMissed ? .finished : .waiting, place, now, hasMissed ? "was not there at the start" : "")
    }
  }

  /// Nothing is known but which services have a process, by their pids: they are taken to run.
  public mutating func goOn(with processes: [ServiceName: Int32], at now: Moment) {
    for place in plans.indices {
      guard let pid = processes[plans[place].name] else {
        if plans[place].kind == .task { enter(.finished, place, now, "was over before") }
        continue
      }
      enter(.running, place, now, "")
      records[place].pid = pid
      records[place].startedAt = now
      records[place].settled = true
      records[place].javaSeen = plans[place].mode != nil
    }
  }

  /// What is to be told after ``goOn(from:at:)``: of each service that should have a process, whether it has. `processes` are those
  /// whose first process is there, by its pid; `others` those of which anything else is left.
  public func news(of processes: [ServiceName: Int32], others: Set<ServiceName>) -> [Event] {
    plans.indices.compactMap { place in
      let (name, record) = (plans[place].name, records[place])
      guard record.state.hasProcess, !others.contains(name) else { return nil }
      if let pid = processes[name] { return record.pid == nil ? .service(name, .spawned(pid: pid)) : nil }
      let why = "its process was lost when the supervisor crashed"
      return record.pid == nil && !record.leaderGone
        ? .service(name, .spawnFailed(why: why, missing: false)) : .service(name, .ended(.code(255)))
    }
  }
}

extension Action {
  /// Whether it changes anything beside the log.
  public var isDeed: Bool {
    if case .log = self { false } else { true }
  }

  /// Whether it may be carried out a second time, where it is not known if it was: it is of the kind that must not be left out.
  public var mayBeRepeated: Bool {
    switch self {
    case .spawn, .terminate, .killLeader, .kill, .proceed, .relay, .tailnet, .askTraffic, .persist, .exit: true
    case .ask, .pause, .log, .command, .verifySession, .alert: false
    }
  }
}
