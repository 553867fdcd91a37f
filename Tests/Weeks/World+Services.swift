import Lifecycle

/// What processes do by themselves.
extension World {
  mutating func happens(_ what: Happening) {
    switch what {
    case .spawned(let place): spawn(place)
    case .ready(let place, let run):
      guard processes[place]?.run == run else { return }
      say(place, .ready)
      if plans[place].name == "probe" { observeAll() }
    case .ends(let place, let run, let exit): if processes[place]?.run == run { end(place, exit) }
    case .leaderEnds(let place, let run):
      guard let process = processes[place], process.run == run, process.leads else { return }
      processes[place]?.leads = false
      process.java == nil ? end(place, .signal(9)) : say(place, .leaderEnded(.signal(9)))
    case .javaStarts(let place, let run):
      guard let process = processes[place], process.run == run, process.leads, process.java == nil else { return }
      startJava(place)
    case .java(let place, let java, let moment):
      if processes[place]?.java == java { goesOn(place, moment) }
    default: recurs(what)
    }
    answerTraffic()
  }

  private mutating func spawn(_ place: Int) {
    spawnsUnderWay[place] = false
    let name = plans[place].name
    if !isHealed && weather == .notInstalled && dice.chance(40) {
      return say(place, .spawnFailed(why: "cannot start \(name): it is not installed", missing: dice.chance(50)))
    }
    counter += 1
    let run = counter
    processes[place] = Process(run: run, isDeaf: !isHealed && dice.chance(8))
    mayBeEnded[place] = false
    say(place, .spawned(pid: Int32(run)))
    switch plans[place].kind {
    case .task: plan(.ends(place: place, run: run, .code(dice.chance(80) ? 0 : 1)), in: dice.sometime(5000))
    case .daemon:
      let hangs = !isHealed && weather == .hanging && dice.chance(50)
      if plans[place].readiness != .whenStarted && !hangs {
        plan(.ready(place: place, run: run), in: dice.sometime(2000))
      }
      if !isHealed && weather == .shortOfMemory && dice.chance(30) {
        plan(.ends(place: place, run: run, .signal(9)), in: dice.sometime(10 * Self.minute))
      }
    case .gateway: plan(.javaStarts(place: place, run: run), in: 200 + dice.below(800))
    }
  }

  /// The last process of a service is gone. What draws on Xvfb dies with it.
  mutating func end(_ place: Int, _ exit: Exit) {
    guard processes[place] != nil else { return }
    processes[place] = nil
    if let mode = plans[place].mode { observed[mode] = nil }
    if plans[place].name == "relay" { relayOrders = [:] }
    if plans[place].name == "probe" { observed = [:] }
    if plans[place].name == "xvfb" {
      for user in plans.indices where plans[user].after.contains(.ready("xvfb")) {
        guard let process = processes[user] else { continue }
        if let java = process.java {
          plan(.java(place: user, java: java, .halts(1)), in: dice.sometime(2000))
        } else if plans[user].mode == nil {
          plan(.ends(place: user, run: process.run, .code(1)), in: dice.sometime(2000))
        }
      }
    }
    say(place, .ended(exit))
  }

  // MARK: The probe

  mutating func observeAll() {
    for mode in settings.modes { observe(place(.gateway(mode))) }
  }

  /// The probe says what it sees, where that has changed.
  mutating func observe(_ place: Int) {
    guard let mode = plans[place].mode, lifecycle.record("probe")?.state == .running else { return }
    let seen = processes[place]?.observation ?? .refused
    guard observed[mode] != seen else { return }
    observed[mode] = seen
    let failures = seen == .silent ? 3 : seen == .refused ? 1 : 0
    tell(
      .observed(
        ProbeReport(mode: mode, observation: seen, listens: seen != .refused, failures: failures, why: "as seen")))
  }
}
