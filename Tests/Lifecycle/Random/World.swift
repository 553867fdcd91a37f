import FoundationEssentials
import TestSupport
import Trading

@testable import Lifecycle

/// A small world around one lifecycle: a clock, processes that come up or not and die as they please, a person and a Docker that sends
/// TERM. Everything in it follows from its seed.
///
/// Everything that happens goes through ``tell(_:)`` or ``order(_:_:)``, after which the ``Watch`` has a look.
struct World {
  let seed: UInt64
  var lifecycle: Lifecycle
  var watch: Watch
  var now = Moment(uptime: 5_000_000, wall: 1_700_000_000_000)
  var children: [Child?]
  /// Spawns that were asked for and have not been answered.
  var spawnsUnderWay: [Bool]
  /// Programs that are not installed.
  var missing: Set<Int> = []
  /// Nothing goes wrong any more.
  var isHealed = false
  var future = Future<Happening>()
  var random: SeededGenerator
  /// Events that the lifecycle has taken in.
  var events = 0
  /// What happened, for the one who replays a seed; nil where nobody does.
  private(set) var trace: [String]?

  /// The same lifecycle, written and read again at some moment: it has to do the same from then on.
  private var reread: Lifecycle?
  private let rereadAt: Int
  private var lastPid: Int32 = 1

  init(seed: UInt64, isTraced: Bool = false) {
    self.seed = seed
    trace = isTraced ? [] : nil
    var random = SeededGenerator(seed: seed)
    let modes: [Mode] = [[.live], [.paper], [.live, .paper], [.live, .paper]][Int(random.below(4))]
    var plans = imagePlans(modes, loginWithin: random.below(3) == 0 ? 90_000 : nil)
    for index in plans.indices {
      plans[index].limit = Int(random.below(6))
      guard plans[index].mode != nil else { continue }
      switch random.below(3) {
      case 0: plans[index].stopSteps.removeFirst()
      case 1: plans[index].stopSteps[0] = StopStep(.pause, 70_000)
      default: break
      }
    }
    var policy = GatewayPolicy()
    policy.loginLimits = LoginLimits(perHour: Int(1 + random.below(4)), perDay: Int(1 + random.below(7)))
    policy.retriesSecondFactor = random.below(2) == 0
    let stopTimeout: Int64 = [5000, 45_000, 110_000][Int(random.below(3))]
    lifecycle = Lifecycle(
      plans: plans, onGatewayExit: random.below(5) == 0 ? .exit : .restart, policy: policy, stopTimeout: stopTimeout,
      seed: random.next(), at: now)
    watch = Watch(plans: lifecycle.plans, stopTimeout: stopTimeout, limits: policy.loginLimits)
    children = plans.map { _ in nil }
    spawnsUnderWay = plans.map { _ in false }
    rereadAt = random.below(3) == 0 ? Int(random.below(300)) : .max
    for index in plans.indices where random.below(25) == 0 { missing.insert(index) }
    self.random = random
  }

  var hasEnded: Bool { watch.exitCode != nil }

  mutating func chance(_ percent: Int64) -> Bool { random.below(100) < percent }

  mutating func pick<Value>(_ values: [Value]) -> Value { values[Int(random.below(Int64(values.count)))] }

  /// A time from 1 ms to about `longest`, short ones as likely as long ones.
  mutating func sometime(_ longest: Int64) -> Int64 { 1 + random.below(1 + longest >> random.below(12)) }

  // MARK: Time

  /// Lets everything happen until `end` or until the lifecycle has taken in `count` events or has ended.
  mutating func run(until end: Int64 = .max, events count: Int = .max) {
    let last = count == .max ? count : events + count
    while events < last && !hasEnded && watch.violation == nil {
      let wake = lifecycle.nextWake ?? .max
      let happening = future.nextTime ?? .max
      guard min(wake, happening) <= end else { break }
      if min(wake, happening) == .max { return }
      move(to: min(wake, happening))
      if happening <= wake { happens(future.takeNext()) } else { tell(.timePassed) }
    }
    if end != .max && !hasEnded { move(to: end) }
  }

  private mutating func move(to uptime: Int64) {
    guard uptime > now.uptime else { return }
    now = Moment(uptime: uptime, wall: now.wall + uptime - now.uptime)
  }

  mutating func newPid() -> Int32 {
    lastPid += 1
    return lastPid
  }

  // MARK: The lifecycle's side

  mutating func tell(_ event: Event) {
    prepare { "\(event)" }
    let before = lifecycle
    let actions = lifecycle.handle(event, at: now)
    let same = reread?.handle(event, at: now) ?? actions
    watch.hears(event, now, before)
    if before.phase == .running, lifecycle.phase != .running, case .service(let name, .ended(let exit)) = event {
      let serving: [ServiceState] = [.waiting, .starting, .running, .backingOff]
      let another = plans.indices.contains { place in
        plans[place].mode != nil && plans[place].name != name && serving.contains(before.records[place].state)
      }
      lifecycle.onGatewayExit == .exit && !another
        ? watch.stopBegins(code: exit.shellCode, now) : watch.fails("it stops without having been told to")
    }
    review(before, actions, same, wasTime: event == .timePassed)
  }

  mutating func order(_ order: Order, _ name: ServiceName) {
    prepare { "a person: \(order) \(name)" }
    let before = lifecycle
    let result = lifecycle.order(order, name, at: now)
    let same = reread?.order(order, name, at: now) ?? result
    if result != same { watch.fails("the lifecycle that was written and read again answers \(order) otherwise") }
    let actions = (try? result.get()) ?? []
    watch.hears(order, name, isTaken: (try? result.get()) != nil, sight(before))
    review(before, actions, actions, wasTime: false)
  }

  /// A person wants every gateway that waits to log in now.
  mutating func resume() {
    prepare { "a person: resume" }
    let before = lifecycle
    let result = lifecycle.resume(nil, at: now)
    let same = reread?.resume(nil, at: now) ?? result
    if result != same { watch.fails("the lifecycle that was written and read again answers resume otherwise") }
    let actions = (try? result.get()) ?? []
    if case .success = result {
      watch.hearsResume(
        before.plans.indices.filter {
          before.plans[$0].mode != nil && [.held, .backingOff].contains(before.records[$0].state)
        })
    }
    review(before, actions, actions, wasTime: false)
  }

  private func sight(_ before: Lifecycle) -> Watch.Sight {
    Watch.Sight(now: now, before: before, after: lifecycle, children: children, spawnsUnderWay: spawnsUnderWay)
  }

  private mutating func prepare(_ what: () -> String) {
    events += 1
    trace?.append("\(now.uptime) \(what())")
    guard events == rereadAt else { return }
    reread = try? JSONDecoder().decode(Lifecycle.self, from: try JSONEncoder().encode(lifecycle))
    if reread == nil { watch.fails("the lifecycle cannot be written and read again") }
  }

  private mutating func review(_ before: Lifecycle, _ actions: [Action], _ same: [Action], wasTime: Bool) {
    if actions != same { watch.fails("the lifecycle that was written and read again does otherwise: \(same)") }
    for action in actions {
      trace?.append("    \(action)")
      watch.sees(action, sight(before))
      carryOut(action)
    }
    watch.looks(sight(before), wasTime: wasTime)
  }
}
