import Glibc
import Lifecycle
import Survival

/// Events are told to ``Lifecycle``, and what it decides is carried out.
extension Supervisor {
  /// Hands an event to Lifecycle and carries out what it decides. An event that comes up meanwhile waits for its turn.
  func tell(_ event: Event) {
    pending.append(event)
    guard !isHandling else { return }
    isHandling = true
    while !pending.isEmpty { perform(lifecycle.handle(pending.removeFirst(), at: now)) }
    save([])
    isHandling = false
    scheduleWake()
  }

  /// Carries out what an order brought, then whatever followed from it.
  func carryOut(_ actions: [Action]) {
    isHandling = true
    perform(actions)
    isHandling = false
    tell(.timePassed)
  }

  private func perform(_ actions: [Action]) {
    let deeds = actions.filter(\.isDeed)
    if !deeds.isEmpty { save(deeds) }
    var begun = 0
    for action in actions {
      if action.isDeed {
        begun += 1
        continuity?.ledger.note(begun: begun)
      }
      carryOut(action)
    }
    // One more than there are: the last one is done, too.
    if !deeds.isEmpty { continuity?.ledger.note(begun: begun + 1) }
  }

  private func carryOut(_ action: Action) {
    switch action {
    case .log(let severity, let name, let text): say(severity, name?.text ?? "ibgw", text)
    case .spawn(let name): spawn(name)
    case .ask(let name): ask(name, to: .stop)
    case .pause(let name): ask(name, to: .pause)
    case .killLeader(let name): signalLeader(name)
    case .terminate(let name): signalAll(name, SIGTERM)
    case .kill(let name): signalAll(name, SIGKILL)
    case .proceed(let name): signalAll(name, SIGCONT)
    case .relay(let mode, let order): relayOrders.give(order, to: mode)
    case .askTraffic(let mode): askTraffic(of: mode)
    case .command(let mode, let command): commandIBC(mode, command)
    case .persist(let mode, let budget): persist(budget, of: mode)
    case .verifySession(let mode, let stop): verifySession(of: mode, since: stop)
    case .tailnet(let what): order(what)
    case .alert(let alert): deliver(alert)
    case .exit(let code): beginSweep(code: code)
    }
  }
}
