import Lifecycle
import Trading

/// Does as the supervisor does with an action: only starts and signals, whose effects come later.
extension World {
  mutating func carryOut(_ action: Action) {
    switch action {
    case .spawn(let name):
      spawnsUnderWay[place(name)] = true
      plan(.spawned(place: place(name)), in: dice.sometime(100))
    case .ask(let name): tellJava(place(name), .halts(0), in: 2000 + dice.below(25_000))
    case .pause(let name):
      let place = place(name)
      if let mode = plans[place].mode, processes[place]?.isLoggedIn == true, processes[place]?.isDeaf == false {
        accounts[mode]?.isKept = true
      }
      tellJava(place, .halts(0), in: 20_000 + dice.below(40_000))
    case .terminate(let name): terminate(place(name))
    case .killLeader(let name):
      guard let process = processes[place(name)] else { return }
      plan(.leaderEnds(place: place(name), run: process.run), in: 1)
    case .kill(let name):
      guard let process = processes[place(name)] else { return }
      plan(.ends(place: place(name), run: process.run, .signal(9)), in: 1)
    case .relay(let mode, let order): relayOrders[mode] = order
    case .askTraffic(let mode):
      if processes[place(.gateway(mode))]?.flows == true { traffic += 1 + dice.below(1000) }
      let isThere = lifecycle.record("relay")?.state == .running
      // The answer is an event like any other, and never comes within the event that asked.
      trafficAsked.append((mode, isThere ? traffic : nil))
    case .command(let mode, .restart):
      guard let java = processes[place(.gateway(mode))]?.java else { return }
      count("session restarted")
      accounts[mode]?.isRestart = true
      plan(.java(place: place(.gateway(mode)), java: java, .halts(0)), in: 5000)
    case .persist(let mode, let budget):
      records[mode] = (LoginRecord(budget, boot: "\(boots)", at: now), truth)
    case .alert(let alert): count("alert \(alert.kind.rawValue)")
    default: break
    }
  }

  /// The answers that the relay owes.
  mutating func answerTraffic() {
    while !trafficAsked.isEmpty {
      let (mode, bytes) = trafficAsked.removeFirst()
      tell(.traffic(mode, bytes))
    }
  }

  private mutating func tellJava(_ place: Int, _ moment: Happening.Moment, in delay: Int64) {
    guard let process = processes[place], let java = process.java, !process.isDeaf else { return }
    plan(.java(place: place, java: java, moment), in: delay)
  }

  private mutating func terminate(_ place: Int) {
    guard let process = processes[place] else { return }
    if plans[place].mode != nil {
      tellJava(place, .halts(143), in: dice.sometime(4000))
    } else if !process.isDeaf {
      plan(.ends(place: place, run: process.run, .code(0)), in: dice.sometime(800))
    }
  }
}
