import Metrics
import RelayService
import Splice

/// The relay of the API, route by route. A route has the name of its trading mode.
enum RelayMetrics {
  static let listeners = Metric(
    "ibgw_relay_listeners", .gauge, labels: ["route"],
    help: "Addresses on which clients are taken now; 0 while the gateway does not serve.")
  static let open = Metric("ibgw_relay_connections_open", .gauge, labels: ["route"], help: "Clients relayed now.")
  static let waiting = Metric(
    "ibgw_relay_connections_waiting", .gauge, labels: ["route"],
    help: "Connections that have not reached the gateway yet.")
  static let accepted = Metric(
    "ibgw_relay_connections_accepted", .counter, labels: ["route"], help: "Connections accepted, whatever came of them."
  )
  static let relayed = Metric(
    "ibgw_relay_connections_relayed", .counter, labels: ["route"], help: "Clients that were relayed to the gateway.")
  static let refused = Metric(
    "ibgw_relay_connections_refused", .counter, labels: ["route", "reason"],
    help: "Connections that were not relayed, by reason.")
  static let bytes = Metric(
    "ibgw_relay_transferred_bytes", .counter, unit: "bytes", labels: ["route", "direction"],
    help: "Bytes relayed: from-clients or to-clients.")
  static let durations = Metric(
    "ibgw_relay_connection_duration_seconds", .histogram, unit: "seconds", labels: ["route"],
    help: "How long the connections that have ended lasted.")
  static let dials = Metric(
    "ibgw_relay_connect_duration_seconds", .histogram, unit: "seconds", labels: ["route"],
    help: "How long the gateway took to accept a connection.")
  static let lostLines = Metric(
    "ibgw_relay_access_log_lost_lines", .gauge, labels: ["route"],
    help: "Lines that could not be written to the access log since the last one that could.")
  static let droppedEvents = Metric(
    "ibgw_relay_dropped_events", .counter, help: "Events that the relay's control plane could not keep up with.")

  static let callers = Metric(
    "ibgw_relay_caller_connections", .gauge, labels: ["route", "user", "node", "address", "tags"],
    help:
      "Clients relayed now, by who they are in the tailnet; user is local for who is not of it. Missing without one.")
  static let identified = Metric(
    "ibgw_relay_callers_asked", .counter, labels: ["result"],
    help: "Connections of which tailscaled was asked who calls: peer, local or unknown.")
  static let asking = Metric(
    "ibgw_relay_caller_duration_seconds", .histogram, unit: "seconds",
    help: "How long it took until it was known who calls.")

  static let all = [
    listeners, open, waiting, accepted, relayed, refused, bytes, durations, dials, lostLines, droppedEvents, callers,
    identified, asking,
  ]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    guard let report = snapshot.relay else { return [] }
    var (listeners, open, waiting) = (MetricFamily(listeners), MetricFamily(open), MetricFamily(waiting))
    var (accepted, relayed, refused) = (MetricFamily(accepted), MetricFamily(relayed), MetricFamily(refused))
    var (bytes, durations, dials) = (MetricFamily(bytes), MetricFamily(durations), MetricFamily(dials))
    var (lostLines, droppedEvents) = (MetricFamily(lostLines), MetricFamily(droppedEvents))
    for route in report.routes {
      let (name, counters) = (route.name, route.counters)
      listeners.add(Double(route.listening.count), name)
      open.add(Double(counters.open), name)
      waiting.add(Double(counters.waiting), name)
      accepted.add(Double(counters.accepted), name)
      relayed.add(Double(counters.relayed), name)
      for reason in Refusal.allCases.map(\.rawValue) {
        refused.add(Double(counters.refused[reason] ?? 0), name, reason)
      }
      bytes.add(Double(counters.bytesFromClients), name, "from-clients")
      bytes.add(Double(counters.bytesFromGateway), name, "to-clients")
      durations.add(counters.durations, name)
      dials.add(counters.dials, name)
      lostLines.add(Double(route.lostLogLines), name)
    }
    droppedEvents.add(Double(report.droppedEvents))
    var (callers, identified, asking) = (MetricFamily(callers), MetricFamily(identified), MetricFamily(asking))
    if let tailnet = report.tailnet {
      for clients in tailnet.clients {
        let caller = clients.caller
        callers.add(
          Double(clients.open), clients.route, caller.userID, caller.node ?? "", caller.tailnetIP ?? "",
          (caller.tags ?? []).joined(separator: ","))
      }
      for (result, count) in tailnet.results.sorted(by: { $0.key < $1.key }) { identified.add(Double(count), result) }
      let asked = tailnet.durations
      asking.add(bounds: asked.bounds, counts: asked.counts, count: asked.count, sum: asked.sum)
    }
    return [
      listeners, open, waiting, accepted, relayed, refused, bytes, durations, dials, lostLines, droppedEvents, callers,
      identified, asking,
    ]
  }
}
