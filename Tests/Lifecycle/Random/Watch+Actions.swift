import Trading

@testable import Lifecycle

/// What the watch sees being done, and what it finds when it looks at everything after an event.
extension Watch {
  mutating func sees(_ action: Action, _ sight: Sight) {
    switch action {
    case .spawn(let name): seesSpawn(sight.after.places[name]!, sight)
    case .ask(let name), .pause(let name):
      seen.insert(.gatewayAsked)
      seesTouch(sight.after.places[name]!, sight)
    case .kill(let name): seesKill(sight.after.places[name]!, sight)
    case .killLeader(let name):
      if sight.after.record(name)?.leaderGone == true { fails("the shell of \(name) was killed although it is gone") }
      seesTouch(sight.after.places[name]!, sight)
    case .terminate(let name):
      let place = sight.after.places[name]!
      if plans[place].mode != nil, let child = sight.children[place] {
        seen.insert(.javaTold)
        if child.leaderAlive { fails("java of \(name) was told by TERM while its shell could start it again") }
        if child.timesTerminated > 0 { fails("java of \(name) was told by TERM twice") }
      }
      seesTouch(place, sight)
    case .exit(let code): seesExit(code, sight)
    case .log, .relay, .askTraffic, .command, .alert, .persist, .verifySession, .tailnet, .proceed: break
    }
  }

  private mutating func seesSpawn(_ place: Int, _ sight: Sight) {
    let name = plans[place].name
    if sight.children[place] != nil || sight.spawnsUnderWay[place] { fails("a second \(name)") }
    if stopMustEnd != nil || sight.after.phase != .running { fails("\(name) was started after the stop had begun") }
    if sight.now.uptime < books[place].waitsUntil { fails("\(name) was started before its wait was over") }
    if let xvfb, plans[place].after.contains(.ready("xvfb")), sight.children[xvfb]?.isUp != true {
      fails("\(name) was started without its display")
    }
    books[place].mayBeTouched = false
    books[place].wasTold = false
    books[place].isOutOfTime = false
    books[place].hasTrouble = false
    books[place].mustBeUpBy = nil
    books[place].upSince = nil
  }

  /// In a stop that nobody has hurried every service is told before it is killed; only a display may be kept to the last.
  private mutating func seesKill(_ place: Int, _ sight: Sight) {
    if case .stopping(_, _, 0, _) = sight.before.phase, terms == 1, !books[place].wasTold {
      if place == xvfb { seen.insert(.heldUpByKernel) } else { fails("\(plans[place].name) is killed untold") }
    }
    books[place].isOutOfTime = true
    seesTouch(place, sight)
  }

  /// Something is done to end a service.
  private mutating func seesTouch(_ place: Int, _ sight: Sight) {
    let name = plans[place].name
    books[place].wasTold = true
    if mustTellNow == place { mustTellNow = nil }
    if sight.children[place] == nil && !sight.spawnsUnderWay[place] { fails("\(name) is told to end and is not there") }
    if stopMustEnd != nil { books[place].mayBeTouched = true }
    if (books[place].mustBeUpBy ?? .max) <= sight.now.uptime {
      if plans[place].mode != nil { seen.insert(.lateLogin) }
      books[place].mayBeTouched = true
    }
    if books[place].hasTrouble && books[place].upSince == nil { books[place].mayBeTouched = true }
    if !books[place].mayBeTouched { fails("\(name) is ended without a reason") }

    let begins = sight.before.records[place].state != .stopping
    guard case .stopping(_, _, let haste, _) = sight.after.phase else {
      if place == xvfb && begins && books[place].upSince != nil && sight.gatewayLives {
        fails("the display of a gateway is ended")
      }
      return
    }
    // A login that has failed is ended at once: nobody is served by it, and the next one would cost as much.
    guard haste < 2 && begins && !(books[place].hasTrouble && books[place].upSince == nil) else { return }
    if place == xvfb && sight.gatewayLives { fails("the display is told to end before the gateway has ended") }
    for other in plans.indices where plans[other].stopRank < plans[place].stopRank {
      let record = sight.after.records[other]
      let hangs = record.state == .stopping && record.until == nil && sight.children[other]?.wasKilled != false
      if record.state.hasProcess && !hangs { fails("\(name) is told to end before \(plans[other].name) has ended") }
    }
  }

  private mutating func seesExit(_ code: Int32, _ sight: Sight) {
    if exitCode != nil { fails("it exits twice") }
    if code != codeOfStop { fails("it exits with \(code) and not \(codeOfStop.map(String.init) ?? "at all")") }
    exitCode = code
    for place in plans.indices {
      guard let child = sight.children[place] else { continue }
      seen.insert(.leftToKernel)
      if !child.wasKilled { fails("\(plans[place].name) is left alive") }
    }
  }

  mutating func looks(_ sight: Sight, wasTime: Bool) {
    let after = sight.after
    for contradiction in after.contradictions(at: sight.now) { fails(contradiction) }
    if wasTime && (after.nextWake ?? .max) <= sight.now.uptime { fails("time has been handled, and is to be again") }
    if let mustEndNow, after.records[mustEndNow].state != .stopping {
      fails("\(plans[mustEndNow].name) restarts with a login again and again")
    }
    mustEndNow = nil
    if let mustTellNow { fails("\(plans[mustTellNow].name) has come up in its stop and is not told") }
    if case .stopping(_, _, let haste, _) = after.phase, haste >= terms {
      if haste == 2 { seen.insert(.timeIsUp) }
      if haste < 2 || sight.now.uptime < (stopMustEnd ?? .max) - 1000 { fails("the stop is hurried by nobody") }
    }
    if after.phase != .running && stopMustEnd == nil { fails("it stops without having been told to") }
    if let stopMustEnd, exitCode == nil {
      if sight.now.uptime > stopMustEnd || (after.nextWake ?? .max) > stopMustEnd { fails("the stop does not end") }
    }
    for place in plans.indices {
      if let mode = plans[place].mode, let before = sight.before.gateway(mode), let after = after.gateway(mode) {
        books[place].loginFailures += after.logins.failed - before.logins.failed
      }
      let state = after.records[place].state
      if state != sight.before.records[place].state { entered(place, sight) }
      if (books[place].mustBeUpBy ?? .max) < sight.now.uptime && state == .starting && after.phase == .running {
        fails("\(plans[place].name) may take for ever to be up")
      }
      if state == .waiting && after.phase == .running && nothingIsMissing(place, sight) {
        fails("\(plans[place].name) waits for nothing")
      }
    }
  }

  /// Everything that a service waits for is there, or has had its time.
  private func nothingIsMissing(_ place: Int, _ sight: Sight) -> Bool {
    plans[place].after.allSatisfy { dependency in
      switch dependency {
      case .ready(let name): sight.after.record(name)?.state == .running
      case .finished(let name): sight.after.record(name)?.state == .finished
      case .started(let name): sight.after.places[name].map { books[$0].startedAt != nil } ?? false
      case .settled(let name, let within):
        sight.after.places[name].flatMap { books[$0].startedAt }.map { $0 + within < sight.now.uptime } ?? false
      }
    }
  }

  /// The state of a service is another than before.
  private mutating func entered(_ place: Int, _ sight: Sight) {
    let record = sight.after.records[place]
    let plan = plans[place]
    switch record.state {
    case .backingOff:
      let until = record.until ?? .min
      let wait = until - sight.now.uptime
      books[place].waitsUntil = until
      let budget = plan.mode.flatMap { sight.after.gateway($0) }?.budget
      // The login that a person has asked for waits for what IBKR asks, and for nothing else.
      if let budget, budget.isGranted, until == budget.askedUntil { return }
      if let budget, until == budget.notBefore {
        let since = until - (budget.charges.last?.at ?? until)
        let least =
          books[place].loginFailures == 0 ? 0 : min(600_000, 30_000 << Int64(min(5, books[place].loginFailures - 1)))
        if since < least {
          fails("\(plan.name) is tried again \(since) ms after failed login \(books[place].loginFailures)")
        }
        return
      }
      if wait < books[place].lastWait { fails("the back-off of \(plan.name) shrinks to \(wait) ms") }
      if wait < plan.backOff.initial { fails("\(plan.name) backs off for no more than \(wait) ms") }
      seen.insert(.backOff)
      books[place].failures += 1
      if books[place].failures > plan.limit { fails("\(plan.name) has failed more often than its limit allows") }
      books[place].lastWait = wait
    case .degraded:
      seen.insert(.degraded)
      books[place].waitsUntil = record.until ?? .max
    case .held:
      seen.insert(.heldGateway)
      books[place].waitsUntil = record.until ?? .max
    case .stopped, .finished: books[place].waitsUntil = .max
    case .waiting, .starting, .running, .stopping: break
    }
  }
}
