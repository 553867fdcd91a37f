import Lifecycle
import Metrics

/// The gateways, one for each trading mode, as the supervisor sees them.
enum GatewayMetrics {
  static let state = Metric(
    "ibgw_gateway_state", .stateset, labels: ["mode"], help: "The state of each gateway, as `ibgw status` says it.")
  static let since = Metric(
    "ibgw_gateway_state_since_timestamp_seconds", .gauge, unit: "seconds", labels: ["mode"],
    help: "Since when the gateway is in that state, since 1970.")
  static let observation = Metric(
    "ibgw_gateway_observation", .stateset, labels: ["mode"],
    help: "What the probe saw last of the gateway's API; missing until it has seen the present program.")
  static let attempts = Metric(
    "ibgw_gateway_login_attempts", .counter, labels: ["mode"], help: "Logins that were begun.")
  static let completed = Metric(
    "ibgw_gateway_logins_completed", .counter, labels: ["mode"], help: "Logins that were completed.")
  static let failed = Metric(
    "ibgw_gateway_logins_failed", .counter, labels: ["mode"],
    help: "Logins that were for nothing: failed, never completed, or lost with their session.")
  static let wasted = Metric(
    "ibgw_gateway_wasted_logins", .gauge, labels: ["mode", "window"],
    help: "Logins that were for nothing within the last hour or day, also before the supervisor started.")
  static let wastedLimit = Metric(
    "ibgw_gateway_wasted_logins_limit", .gauge, labels: ["mode", "window"],
    help: "How many logins may be for nothing within an hour or day; after these the gateway waits.")
  static let resetWindow = Metric(
    "ibgw_ibkr_reset_window", .gauge,
    help: "Whether IBKR resets its servers at this time of the day, when a lost link is to be expected.")
  static let nextEvent = Metric(
    "ibgw_next_event_timestamp_seconds", .gauge, unit: "seconds", labels: ["event"],
    help: "When something that is known to happen does, since 1970, such as weekly-login.")

  static let all = [
    state, since, observation, attempts, completed, failed, wasted, wastedLimit, resetWindow, nextEvent,
  ]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var (state, since, observation) = (MetricFamily(state), MetricFamily(since), MetricFamily(observation))
    var (attempts, completed, failed) = (MetricFamily(attempts), MetricFamily(completed), MetricFamily(failed))
    var (wasted, wastedLimit) = (MetricFamily(wasted), MetricFamily(wastedLimit))
    for gateway in snapshot.status.gateways {
      state.add(state: gateway.state, of: GatewayState.allCases.map(\.rawValue), gateway.mode)
      since.add(Double(gateway.since) / 1000, gateway.mode)
      if let seen = gateway.observation {
        observation.add(state: seen, of: APIObservation.allCases.map(\.rawValue), gateway.mode)
      }
      attempts.add(Double(gateway.logins.attempts), gateway.mode)
      completed.add(Double(gateway.logins.completed), gateway.mode)
      failed.add(Double(gateway.logins.failed), gateway.mode)
      wasted.add(Double(gateway.budget.inHour), gateway.mode, "hour")
      wasted.add(Double(gateway.budget.inDay), gateway.mode, "day")
      wastedLimit.add(Double(gateway.budget.perHour), gateway.mode, "hour")
      wastedLimit.add(Double(gateway.budget.perDay), gateway.mode, "day")
    }
    var (resetWindow, nextEvent) = (MetricFamily(resetWindow), MetricFamily(nextEvent))
    resetWindow.add(IBKRCalendar.resetWindowEnd(snapshot.wall, snapshot.region) == nil ? 0 : 1)
    for event in snapshot.status.nextEvents { nextEvent.add(Double(event.at) / 1000, event.name) }
    return [state, since, observation, attempts, completed, failed, wasted, wastedLimit, resetWindow, nextEvent]
  }
}
