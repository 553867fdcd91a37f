// Weeks of whole containers in fast motion, each from its seed. Prints how many were lived through; the first in which something
// does not hold is named with its seed, and ends the program with another code than 0.
import ArgumentParser
import Glibc

struct Weeks: ParsableCommand {
  @Option(help: "How many weeks to live through.") var weeks = 2000
  @Option(help: "The first seed; a new one without it, or what WEEKS_SEED says.") var seed: UInt64?
  @Flag(help: "Lives through the first seed alone, and prints all that happens.") var trace = false

  /// Each world has its trouble for so long, and then some days in which all comes right.
  private static let days: Int64 = 25
  private static let healedDays: Int64 = 3

  func run() throws {
    let given = getenv("WEEKS_SEED").flatMap { UInt64(String(cString: $0)) }
    let first = seed ?? given ?? UInt64.random(in: 0..<1_000_000_000)
    let worlds = trace ? 1 : max(1, weeks / 4)
    var seen: [String: Int] = [:]
    var events = 0
    for seed in first..<(first + UInt64(worlds)) {
      let world = Self.lived(seed, isTraced: trace)
      for line in world.trace ?? [] { print(line) }
      if let violation = world.violation {
        print("\(violation)\nagain: Tests/Weeks/run --trace --seed \(seed)")
        throw ExitCode(1)
      }
      seen.merge(world.seen) { $0 + $1 }
      events += world.events
    }
    for (what, count) in seen.sorted(by: { $0.key < $1.key }) { print("\(count) \(what)") }
    print("\(worlds * 4) weeks in \(worlds) worlds from seed \(first) on, \(events) events: every rule held")
    guard worlds >= 50 else { return }
    for what in [
      "attempt", "login", "daily restart", "ordered stop", "power cut", "wedge", "session restarted", "service killed",
    ] {
      guard seen[what, default: 0] > 0 else {
        print("no world came across: \(what)")
        throw ExitCode(1)
      }
    }
  }

  private static func lived(_ seed: UInt64, isTraced: Bool) -> World {
    var world = World(seed: seed, isTraced: isTraced)
    world.pass(until: days * World.day)
    // Some of the worlds are at their worst when they begin to heal.
    if seed % 2 == 0 {
      world.breakServices()
      world.pass(until: days * World.day + World.hour)
    }
    world.heal()
    world.pass(until: (days + healedDays) * World.day)
    if world.violation == nil { world.judgeEnd() }
    return world
  }
}

Weeks.main()
