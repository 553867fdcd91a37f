import Trading

@testable import Lifecycle

/// What processes do: by themselves, and when they are told.
extension World {
  var plans: [ServicePlan] { lifecycle.plans }

  /// Does as the supervisor does with an action: only starts and signals, whose effects come later.
  mutating func carryOut(_ action: Action) {
    switch action {
    case .spawn(let name):
      let place = place(name)
      spawnsUnderWay[place] = true
      future.add(.spawn(place), at: now.uptime + (chance(80) ? 0 : sometime(200)))
    case .ask(let name): tellJava(place(name), after: sometime(25_000), .code(0))
    case .pause(let name): tellJava(place(name), after: sometime(62_000), .code(0))
    case .terminate(let name): terminate(place(name))
    case .killLeader(let name):
      let place = place(name)
      guard let child = children[place] else { return }
      future.add(.leaderEnds(place, pid: child.pid, .signal(9)), at: max(now.uptime + 1, child.stuckUntil))
    case .kill(let name):
      let place = place(name)
      guard let child = children[place] else { return }
      children[place]?.wasKilled = true
      future.add(.ends(place, pid: child.pid, .signal(9)), at: max(now.uptime + 1, child.stuckUntil))
    case .log, .exit, .relay, .askTraffic, .command, .alert, .persist, .verifySession, .tailnet, .proceed: break
    }
  }

  private func place(_ name: ServiceName) -> Int { lifecycle.places[name]! }

  private mutating func tellJava(_ place: Int, after delay: Int64, _ exit: Exit) {
    guard let child = children[place], child.javaAlive, !child.isDeaf else { return }
    let again = child.leaderAlive && !isHealed && chance(15)
    future.add(
      .javaEnds(place, pid: child.pid, exit, again: again), at: max(now.uptime + delay, child.stuckUntil))
  }

  private mutating func terminate(_ place: Int) {
    guard let child = children[place] else { return }
    children[place]?.timesTerminated += 1
    if plans[place].mode != nil {
      tellJava(place, after: sometime(8000), .code(143))
    } else if !child.isDeaf {
      let exit: Exit = chance(50) ? .signal(15) : .code(0)
      future.add(.ends(place, pid: child.pid, exit), at: max(now.uptime + sometime(1500), child.stuckUntil))
    }
  }

  // MARK: What happens

  mutating func happens(_ what: Happening) {
    switch what {
    case .spawn(let place): spawn(place)
    case .says(let place, let pid, let event):
      guard children[place]?.pid == pid else { return }
      if event == .ready || event == .gateway(.loginCompleted) { children[place]?.isUp = true }
      tell(.service(plans[place].name, event))
    case .javaSays(let place, let pid, let java, let said):
      guard let child = children[place], child.pid == pid, child.java == java, child.javaAlive else { return }
      if child.isUp, case .loginAttempt = said { return }
      happens(.says(place, pid: pid, .gateway(said)))
    case .javaStarts(let place, let pid):
      guard let child = children[place], child.pid == pid, child.leaderAlive, !child.javaAlive else { return }
      children[place]?.javaAlive = true
      children[place]?.java += 1
      tell(.service(plans[place].name, .gateway(.javaStarting)))
      logIn(place, pid, java: child.java + 1)
    case .ends(let place, let pid, let exit):
      if children[place]?.pid == pid { end(place, exit) }
    case .leaderEnds(let place, let pid, let exit):
      guard let child = children[place], child.pid == pid, child.leaderAlive else { return }
      children[place]?.leaderAlive = false
      child.javaAlive ? tell(.service(plans[place].name, .leaderEnded(exit))) : end(place, exit)
    case .javaEnds(let place, let pid, let exit, let again):
      guard let child = children[place], child.pid == pid, child.javaAlive else { return }
      children[place]?.javaAlive = false
      children[place]?.isUp = false
      guard child.leaderAlive && again else { return end(place, exit) }
      future.add(.javaStarts(place, pid: pid), at: now.uptime + sometime(1000))
      tell(.service(plans[place].name, .gateway(.javaEnded(exit.shellCode))))
    case .disturbance: disturb()
    case .term: tell(.stopRequested(by: "TERM"))
    }
  }

  /// The last process of a service is gone. What runs on Xvfb dies with it, mostly.
  private mutating func end(_ place: Int, _ exit: Exit) {
    children[place] = nil
    let name = plans[place].name
    if name == "xvfb" {
      for user in plans.indices where plans[user].after.contains(.ready(name)) {
        guard let child = children[user], plans[user].kind != .task, chance(70) else { continue }
        let time = max(now.uptime + sometime(3000), child.stuckUntil)
        future.add(
          plans[user].mode == nil
            ? .ends(user, pid: child.pid, .code(1)) : .javaEnds(user, pid: child.pid, .code(1), again: false), at: time)
      }
    }
    tell(.service(name, .ended(exit)))
  }

  // MARK: A start

  private mutating func spawn(_ place: Int) {
    spawnsUnderWay[place] = false
    let plan = plans[place]
    if missing.contains(place) {
      tell(.service(plan.name, .spawnFailed(why: "cannot start \(plan.name): it is not installed", missing: true)))
    } else if !isHealed && chance(3) {
      tell(.service(plan.name, .spawnFailed(why: "cannot start \(plan.name): no memory", missing: false)))
    } else {
      let pid = newPid()
      children[place] = Child(pid: pid, isDeaf: !isHealed && chance(10))
      if plan.readiness == .whenStarted { children[place]?.isUp = true }
      tell(.service(plan.name, .spawned(pid: pid)))
      live(place, pid)
    }
  }

  private mutating func live(_ place: Int, _ pid: Int32) {
    switch plans[place].kind {
    case .task:
      if isHealed || chance(85) {
        future.add(.ends(place, pid: pid, chance(80) ? .code(0) : .code(1)), at: now.uptime + sometime(5000))
      }
    case .daemon:
      if plans[place].readiness != .whenStarted && (isHealed || chance(85)) {
        future.add(.says(place, pid: pid, .ready), at: now.uptime + sometime(2000))
      }
      if !isHealed && chance(15) {
        future.add(.ends(place, pid: pid, .code(1)), at: now.uptime + sometime(100_000))
      }
    case .gateway:
      if isHealed || chance(90) {
        future.add(.javaStarts(place, pid: pid), at: now.uptime + sometime(500))
      } else {
        future.add(.ends(place, pid: pid, .code(Int32(1 + random.below(8)))), at: now.uptime + sometime(500))
      }
    }
  }

  /// What IBC says from java's start on: it logs in, is let down by its person, is refused, or just hangs.
  private mutating func logIn(_ place: Int, _ pid: Int32, java: Int) {
    let said = now.uptime + sometime(4000)
    future.add(.javaSays(place, pid: pid, java: java, .loginAttempt(1)), at: said)
    if chance(40) {
      future.add(.javaSays(place, pid: pid, java: java, .secondFactorAsked), at: said + 500)
      if chance(50) { future.add(.javaSays(place, pid: pid, java: java, .secondFactorClosed), at: said + 900) }
    }
    let result = said + 1000 + sometime(60_000)
    if isHealed || chance(65) {
      let isUp: ServiceEvent = chance(70) ? .gateway(.loginCompleted) : .ready
      future.add(.says(place, pid: pid, isUp), at: result)
    } else if chance(70) {
      if chance(50) {
        let lines: [GatewayEvent] = [
          .loginFailed("the login failed"), .coldRestart("anew"), .tooManyFailures(wait: Int(random.below(400))),
          .secondFactorMissed("nobody was there"), .otherSession(.takesOver), .otherSession(.yields),
        ]
        let line = pick(lines)
        future.add(.javaSays(place, pid: pid, java: java, line), at: result - 1 - random.below(500))
        if case .secondFactorMissed = line, chance(70) {
          // IBC tries again by itself.
          future.add(.javaSays(place, pid: pid, java: java, .loginAttempt(2)), at: result + 5000)
          return
        }
      }
      let code = pick([0, 1, 76, 81, 85, 87, 88, 137] as [Int32])
      future.add(.javaEnds(place, pid: pid, .code(code), again: chance(30)), at: result)
    }
  }
}
