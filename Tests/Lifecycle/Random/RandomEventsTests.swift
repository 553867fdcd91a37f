import Glibc
import Testing
import Trading

@testable import Lifecycle

/// Lifecycle in simulated worlds where anything happens at any time. Every run takes new seeds. One that fails is named in the
/// failure, and is replayed alone, with all that happened in it printed, by
/// `IBGW_LIFECYCLE_SEED=<seed> swift test --filter RandomEventsTests`. `IBGW_LIFECYCLE_EVENTS=<n>` drives more events than usual.
@Suite struct RandomEventsTests {
  private static func setting<Value: FixedWidthInteger>(_ name: String) -> Value? {
    getenv(name).flatMap { Value(String(cString: $0)) }
  }

  @Test func `whatever happens, no rule is broken after any of 100,000 events and more`() {
    if let seed: UInt64 = Self.setting("IBGW_LIFECYCLE_SEED") {
      let world = Self.lived(seed, isTraced: true)
      print(world.trace?.joined(separator: "\n") ?? "")
      return Self.judge(world)
    }
    let enough = Self.setting("IBGW_LIFECYCLE_EVENTS") ?? 110_000
    var seed = UInt64.random(in: 0..<1_000_000_000)
    var events = 0
    var seen: Set<Watch.Sighting> = []
    // Rare things may want a few more worlds until each was seen.
    while events < enough || seen.count < Watch.Sighting.allCases.count && events < 10 * enough {
      let world = Self.lived(seed)
      Self.judge(world)
      if world.watch.violation != nil { return }
      events += world.events
      seen.formUnion(world.watch.seen)
      seed += 1
    }
    #expect(Watch.Sighting.allCases.filter { !seen.contains($0) } == [])
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func `a seed lives through the same world each time`(seed: UInt64) {
    #expect(Self.lived(seed, isTraced: true).trace == Self.lived(seed, isTraced: true).trace)
  }

  /// A world that has gone through its trouble, has mostly come right again, and has been stopped by up to three TERMs.
  private static func lived(_ seed: UInt64, isTraced: Bool = false) -> World {
    var world = World(seed: seed, isTraced: isTraced)
    world.tell(.begin)
    world.future.add(.disturbance, at: world.now.uptime + 1)
    let isShort = world.lifecycle.onGatewayExit == .exit || world.chance(30)
    world.run(events: Int(world.random.below(isShort ? 40 : 1200)))
    if world.chance(50) {
      comeRight(&world)
      if world.chance(50) {
        world.isHealed = false
        world.future.add(.disturbance, at: world.now.uptime + 1)
        world.run(events: 200)
      }
    }
    // A gateway that the kernel holds is what a display is kept for to the last.
    for place in world.plans.indices where world.chance(world.plans[place].mode == nil ? 5 : 15) { world.stick(place) }
    for _ in 0..<4 { world.future.add(.disturbance, at: world.now.uptime + world.sometime(10_000)) }
    for _ in 0..<world.random.below(4) {
      world.future.add(.term, at: world.now.uptime + world.sometime(60_000))
    }
    world.run(until: world.now.uptime + (world.chance(50) ? 0 : 60_000))
    if !world.hasEnded { world.tell(.stopRequested(by: "TERM")) }
    world.run()
    if !world.hasEnded { world.watch.fails("the stop has not ended") }
    return world
  }

  /// Everything goes well again. What was broken before may still break in the first quarter of an hour.
  private static func comeRight(_ world: inout World) {
    world.heal()
    world.run(until: world.now.uptime + 900_000)
    world.heal()
    world.run(until: world.now.uptime + 3_600_000)
    guard world.lifecycle.phase == .running else { return }
    for (plan, record) in zip(world.plans, world.lifecycle.records) {
      let isWell = record.state == (plan.kind == .task ? .finished : .running)
      if !isWell { world.watch.fails("\(plan.name) has not come up again: \(record.state), \(record.why)") }
    }
    // The weekly login is announced in days; no service waits for anything.
    if world.lifecycle.nextWake != world.lifecycle.gatewayWake {
      world.watch.fails("all is well, and somebody is woken")
    }
  }

  private static func judge(_ world: World) {
    guard let violation = world.watch.violation else { return }
    Issue.record("IBGW_LIFECYCLE_SEED=\(world.seed), after \(world.events) events: \(violation)")
  }
}
