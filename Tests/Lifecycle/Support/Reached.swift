import Trading

@testable import Lifecycle

extension ServicePlan.Kind {
  /// One of each kind.
  static let each: [ServicePlan.Kind] = [.daemon, .task, .gateway(.paper)]
}

extension Stage {
  /// The service that ``reached(_:by:)`` brings to a state, and one that it waits for.
  static let it: ServiceName = "it"
  static let gate: ServiceName = "gate"

  /// A stage whose service `it`, of this kind, has come to this state by events alone; nil where its kind has no such state.
  static func reached(_ state: ServiceState, by kind: ServicePlan.Kind) -> Stage? {
    let plan = ServicePlan(
      name: it, kind: kind, after: [.ready(gate)], readiness: .whenReported(within: 5000),
      backOff: BackOff(initial: 1000, maximum: 8000, resetAfter: 60_000), limit: 3, stopRank: 1,
      stopSteps: [StopStep(.ask, 4000), StopStep(.terminate, 2000), StopStep(.kill, 1000)])
    var stage = Stage([.daemon(gate, readiness: .whenReported(within: nil), rank: 9), plan])
    _ = stage.begin() + stage.spawned(gate)
    if state != .waiting { _ = stage.say(gate, .ready) + stage.spawned(it) }
    switch state {
    case .waiting, .starting: break
    case .running: _ = stage.say(it, .ready)
    case .backingOff: _ = stage.say(it, .ended(.signal(11)))
    case .stopping: _ = stage.wait(5000)
    case .degraded, .held:
      _ = stage.say(it, .ended(.signal(11))) + stage.wait(1200)
      _ = stage.say(it, .spawnFailed(why: "cannot start it", missing: true))
    case .stopped: _ = try? stage.order(.stop, it) + stage.say(it, .ended(.code(0)))
    case .finished: _ = stage.say(it, .ended(.code(0)))
    }
    return stage.state(it) == state ? stage : nil
  }
}
