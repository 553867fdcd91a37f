import FoundationEssentials
import Lifecycle
import Trading

/// What happens again and again to the whole: days, nights, people, containers, machines.
extension World {
  var isDaytime: Bool { (7..<23).contains(truth / Self.hour % 24) }

  /// The next of what happens again and again.
  mutating func again(_ what: Happening) {
    switch what {
    case .weatherChanges: plan(what, in: Self.minute * (10 + dice.below(900)))
    case .clockJumps: plan(what, in: Self.minute * (60 + dice.below(9000)))
    case .containerEnds: plan(what, in: dice.chance(20) ? Self.minute * dice.below(8) : Self.hour * dice.below(150))
    case .personLooks: plan(what, in: isHealed ? 10 * Self.minute : Self.minute * (30 + dice.below(900)))
    case .dailyRestart:
      // At 23:45 of the world's day.
      let due = 23 * Self.hour + 45 * Self.minute
      plan(what, in: (due - truth % Self.day + Self.day - 1) % Self.day + 1)
    case .reset: plan(what, in: Self.day)
    case .serviceDies: plan(what, in: dice.chance(10) ? Self.minute : Self.hour * dice.below(24))
    case .processOneCrashes: plan(what, in: Self.hour * dice.below(96))
    default: break
    }
  }

  mutating func recurs(_ what: Happening) {
    if !isHealed || isKind(what) { occurs(what) }
    again(what)
  }

  /// Days go on in a world where nothing goes wrong.
  private func isKind(_ what: Happening) -> Bool {
    switch what {
    case .dailyRestart, .personLooks: true
    default: false
    }
  }

  private mutating func occurs(_ what: Happening) {
    switch what {
    case .weatherChanges:
      weather = dice.chance(40) ? .fine : dice.pick(Weather.allCases)
      count("weather \(weather)")
      troubleGateways()
    case .clockJumps:
      clockOff += dice.pick([-3650, -1, 1, 3650]) * Self.day
      count("clock jump")
      tell(.timePassed)
    case .containerEnds: endContainer()
    case .personLooks: personLooks()
    case .dailyRestart:
      for mode in settings.modes { restartOfTheDay(place(.gateway(mode)), mode) }
    case .reset:
      for mode in settings.modes {
        let place = place(.gateway(mode))
        if let java = processes[place]?.java, dice.chance(50) { goesOnLater(place, java, .linkIsLost, 0) }
      }
    case .serviceDies:
      let place = Int(dice.below(Int64(plans.count)))
      guard plans[place].mode == nil, processes[place] != nil else { return }
      count("service killed")
      end(place, dice.pick([.signal(9), .signal(11), .code(1)]))
    case .processOneCrashes:
      // Its successor reads what was written down.
      let written = try? JSONEncoder().encode(lifecycle)
      guard let read = written.flatMap({ try? JSONDecoder().decode(Lifecycle.self, from: $0) }) else {
        return fails("the lifecycle cannot be written and read again")
      }
      count("lifecycle reread")
      lifecycle = read
      tell(.timePassed)
    default: break
    }
  }

  private mutating func goesOnLater(_ place: Int, _ java: Int, _ moment: Happening.Moment, _ delay: Int64) {
    plan(.java(place: place, java: java, moment), in: delay + dice.sometime(Self.hour))
  }

  private mutating func troubleGateways() {
    for mode in settings.modes {
      let place = place(.gateway(mode))
      guard let java = processes[place]?.java else { continue }
      if weather == .wedges { goesOnLater(place, java, .wedges, 0) }
      if weather == .links { goesOnLater(place, java, .linkIsLost, 0) }
      if weather == .shortOfMemory && dice.chance(20) { goesOnLater(place, java, .halts(137), 0) }
    }
  }

  private mutating func restartOfTheDay(_ place: Int, _ mode: Mode) {
    guard let process = processes[place], process.isLoggedIn, process.leads, lifecycle.phase == .running else { return }
    count("daily restart")
    accounts[mode]?.isRestart = true
    javaEnds(place, 0, again: true)
  }

  // MARK: The person

  private mutating func personLooks() {
    guard isHealed || isDaytime else { return }
    let isWaiting = lifecycle.gateways.contains { [.loginHold, .restarting].contains($0.state) }
    if isHealed ? isWaiting : dice.chance(40) { resume() }
    for place in plans.indices where plans[place].kind != .task {
      let state = lifecycle.records[place].state
      if isHealed {
        if [.stopped, .held].contains(state) { order(.start, place) }
      } else if dice.chance(2) {
        order(dice.pick([.start, .stop, .restart]), place)
      } else if state == .stopped || state == .degraded, dice.chance(60) {
        order(.start, place)
      }
    }
  }

  private mutating func resume() {
    let waiting = plans.indices.filter {
      plans[$0].mode != nil && [.held, .backingOff].contains(lifecycle.records[$0].state)
    }
    guard case .success(let actions) = lifecycle.resume(nil, at: now) else { return }
    count("resume")
    for place in waiting { if let mode = plans[place].mode { accounts[mode]?.isOrdered = true } }
    carryOut(actions)
  }

  private mutating func order(_ order: Order, _ place: Int) {
    let state = lifecycle.records[place].state
    let result = lifecycle.order(order, plans[place].name, at: now)
    guard case .success(let actions) = result else { return }
    count("order \(order.rawValue)")
    if order != .start { mayBeEnded[place] = true }
    if order != .start, processes[place]?.isLoggedIn == true, let mode = plans[place].mode {
      accounts[mode]?.endsByOrder()
    }
    let logsIn = order == .restart || order == .start && ![.waiting, .starting, .running].contains(state)
    if let mode = plans[place].mode, logsIn { accounts[mode]?.isOrdered = true }
    carryOut(actions)
  }

  // MARK: The container

  mutating func startContainer() {
    var budgets: [Mode: LoginBudget] = [:]
    for (mode, kept) in records {
      guard let budget = kept.record.budget(boot: "\(boots)", at: now) else {
        return fails("an honest record was not read")
      }
      budgets[mode] = budget
    }
    lifecycle = Lifecycle(
      plans: plans, policy: policy, budgets: budgets, stopTimeout: stopTimeout, seed: dice.seed(), at: now)
    exitCode = nil
    tell(.begin)
  }

  /// Stopped by Docker or cut off, and started again, at times after another boot of the machine.
  private mutating func endContainer() {
    if dice.chance(70) {
      stopContainer()
    } else {
      count("power cut")
    }
    for place in plans.indices { (processes[place], spawnsUnderWay[place]) = (nil, false) }
    future.removeAll(where: \.concernsProcess)
    (relayOrders, observed, trafficAsked) = ([:], [:], [])
    for mode in settings.modes { accounts[mode]?.isRestart = false }
    if dice.chance(15) {
      boots += 1
      bootedAt = truth - dice.below(60_000)
      if dice.chance(50) { clockOff -= dice.below(400) * Self.day }
      for (mode, kept) in records where now.wall - kept.record.written.wall > truth - kept.at {
        // A boot, and a clock that is ahead of it: nothing is left to tell how old the record is.
        accounts[mode]?.forgetSpent()
        count("lost time")
      }
    }
    count("container")
    startContainer()
  }

  private mutating func stopContainer() {
    for mode in settings.modes {
      // Who stops a gateway that is logged in and starts it again wants the login.
      let isIn = processes[place(.gateway(mode))]?.isLoggedIn == true || accounts[mode]?.isRestart == true
      if isIn { accounts[mode]?.isOrdered = true }
      if processes[place(.gateway(mode))]?.isLoggedIn == true { accounts[mode]?.endsByOrder() }
    }
    let begun = truth
    tell(.stopRequested(by: "TERM"))
    var steps = 0
    while exitCode == nil && violation == nil && steps < 100_000 {
      steps += 1
      let wake = lifecycle.nextWake.map { $0 + bootedAt } ?? .max
      truth = max(truth, min(wake, future.nextTime ?? .max))
      if (future.nextTime ?? .max) <= wake { happensInStop(future.takeNext()) } else { tell(.timePassed) }
      if truth - begun > stopTimeout + 1000 { return fails("the stop takes \(truth - begun) ms of \(stopTimeout)") }
    }
    if exitCode != 0 { fails("the stop ends with \(exitCode.map { "\($0)" } ?? "nothing")") }
    count("ordered stop")
  }

  private mutating func happensInStop(_ what: Happening) {
    switch what {
    case .spawned, .ready, .ends, .leaderEnds, .javaStarts, .java: happens(what)
    default: again(what)
    }
  }
}
