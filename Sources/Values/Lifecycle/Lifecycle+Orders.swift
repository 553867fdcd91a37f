/// What a person asks for by `ibgw start`, `stop` and `restart`.
extension Lifecycle {
  /// Carries out an order, or says in a sentence why not.
  public mutating func order(_ order: Order, _ name: ServiceName, at now: Moment) -> Result<[Action], Refusal> {
    guard let place = places[name] else {
      let known = plans.map(\.name.text).joined(separator: ", ")
      return refuse("cannot \(order.rawValue) \(name): there is no such service; there are: \(known)")
    }
    guard isRunning else { return refuse("cannot \(order.rawValue) \(name): the supervisor is stopping") }
    if plans[place].kind == .task {
      return refuse("cannot \(order.rawValue) \(name): a script runs once, at its moment of the start")
    }
    if order != .start, let user = gatewayThatNeeds(name) {
      return refuse(
        "cannot \(order.rawValue) \(name): \(user) runs on it and would lose its login; stop \(user) first")
    }
    var actions: [Action] = []
    actions.append(.log(.info, name, "\(order.rawValue) asked for by a person"))
    switch order {
    case .start: orderStart(place, now, &actions)
    case .stop: orderStop(place, .order, now, &actions)
    case .restart: orderStop(place, .restart, now, &actions)
    }
    return .success(actions + handle(.timePassed, at: now))
  }

  private func refuse(_ sentence: String) -> Result<[Action], Refusal> { .failure(Refusal(sentence: sentence)) }

  mutating func orderStart(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    switch records[place].state {
    case .backingOff, .degraded, .held, .stopped, .finished:
      forgetFailures(place)
      grantLogin(place, now, &actions)
      enter(.waiting, place, now, "")
    case .stopping:
      grantLogin(place, now, &actions)
      records[place].purpose = .restart
    case .waiting, .starting, .running: break
    }
  }

  private mutating func orderStop(_ place: Int, _ purpose: StopPurpose, _ now: Moment, _ actions: inout [Action]) {
    switch records[place].state {
    case .starting, .running:
      if purpose == .restart { grantLogin(place, now, &actions) }
      beginStop(place, purpose, now, &actions)
    case .stopping:
      if purpose == .restart { grantLogin(place, now, &actions) }
      records[place].purpose = purpose
    case .waiting, .backingOff, .degraded, .held, .stopped, .finished:
      if purpose == .restart {
        orderStart(place, now, &actions)
      } else {
        enter(.stopped, place, now, "stopped by order")
      }
    }
  }

  /// A gateway with a process that would die with the service.
  func gatewayThatNeeds(_ name: ServiceName) -> ServiceName? {
    plans.indices.first { place in
      plans[place].mode != nil && records[place].state.hasProcess && plans[place].after.contains(.ready(name))
    }.map { plans[$0].name }
  }
}
