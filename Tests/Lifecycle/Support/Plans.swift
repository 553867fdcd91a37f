import Lifecycle
import Trading

let live = ServiceName.gateway(.live)
let paper = ServiceName.gateway(.paper)

extension ServicePlan {
  /// A gateway that is up when it has logged in. It is ended by its command server, then by TERM, then by KILL.
  static func gateway(_ mode: Mode, after: [Dependency] = [], loginWithin: Int64? = nil, limit: Int = 3) -> ServicePlan
  {
    ServicePlan(
      name: .gateway(mode), kind: .gateway(mode), after: after, readiness: .whenReported(within: loginWithin),
      backOff: BackOff(initial: 10_000, maximum: 900_000, resetAfter: 3_600_000), limit: limit, stopRank: 1,
      stopSteps: [StopStep(.ask, 20_000), StopStep(.terminate, 10_000), StopStep(.kill, 2000)])
  }

  static func daemon(
    _ name: ServiceName, after: [Dependency] = [], readiness: Readiness = .whenStarted, limit: Int = 3, rank: Int = 0
  ) -> ServicePlan {
    ServicePlan(
      name: name, after: after, readiness: readiness,
      backOff: BackOff(initial: 1000, maximum: 8000, resetAfter: 60_000), limit: limit, stopRank: rank)
  }

  static func task(_ name: ServiceName, after: [Dependency] = [], rank: Int = 0) -> ServicePlan {
    ServicePlan(name: name, kind: .task, after: after, stopRank: rank)
  }
}

/// The services of the gateway image in the order of their start, with the scripts that a user may have.
func imagePlans(_ modes: [Mode], loginWithin: Int64? = nil) -> [ServicePlan] {
  var plans: [ServicePlan] = [
    .task("start-scripts"),
    .daemon("tailscaled", rank: 4),
    .daemon("caddy", readiness: .whenReported(within: 10_000), rank: 3),
    .daemon("relay", readiness: .whenReported(within: 10_000), rank: 0),
    .daemon("xvfb", after: [.finished("start-scripts")], readiness: .whenReported(within: 10_000), rank: 5),
    .daemon("x11vnc", after: [.ready("xvfb")], rank: 2),
    .task("x-scripts", after: [.ready("xvfb")]),
  ]
  for mode in modes {
    var after: [Dependency] = [.ready("xvfb"), .finished("x-scripts")]
    if mode == .paper && modes.contains(.live) { after.append(.settled(live, within: 15_000)) }
    plans.append(.gateway(mode, after: after, loginWithin: loginWithin))
    plans.append(.task(ServiceName("ibc-scripts-\(mode)"), after: [.started(.gateway(mode))]))
  }
  return plans
}
