import Lifecycle
import Metrics

/// The services under supervision.
enum ServiceMetrics {
  static let state = Metric("ibgw_service_state", .stateset, labels: ["service"], help: "The state of each service.")
  static let since = Metric(
    "ibgw_service_state_since_timestamp_seconds", .gauge, unit: "seconds", labels: ["service"],
    help: "Since when the service is in that state, since 1970.")
  static let restarts = Metric(
    "ibgw_service_restarts", .counter, labels: ["service"],
    help: "How often the service has been started again without having been told to.")

  static let all = [state, since, restarts]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var (state, since, restarts) = (MetricFamily(state), MetricFamily(since), MetricFamily(restarts))
    for service in snapshot.status.services {
      state.add(state: service.state, of: ServiceState.allCases.map(\.rawValue), service.name)
      since.add(Double(service.since) / 1000, service.name)
      restarts.add(Double(service.restarts), service.name)
    }
    return [state, since, restarts]
  }
}
