import Lifecycle
import Metrics

/// The tailnet node; every one of these is missing without a tailnet.
enum TailnetMetrics {
  static let state = Metric("ibgw_tailnet_state", .stateset, help: "The state of the node, as `ibgw tailnet` says it.")
  static let since = Metric(
    "ibgw_tailnet_state_since_timestamp_seconds", .gauge, unit: "seconds",
    help: "Since when the node is in that state, since 1970.")
  static let expiry = Metric(
    "ibgw_tailnet_key_expiry_timestamp_seconds", .gauge, unit: "seconds",
    help: "When the node's key expires, since 1970; missing where it never does.")
  static let health = Metric(
    "ibgw_tailnet_health_problems", .gauge, help: "How many things tailscaled finds wrong with itself.")
  static let peers = Metric("ibgw_tailnet_peers", .gauge, help: "Peers that the node knows, counted once a minute.")

  static let guarding = Metric(
    "ibgw_tailnet_guard", .stateset,
    help:
      "What keeps the tailnet to the API's ports: landlock, kernel, a sidecar's own; open is nothing, refused no tailnet."
  )

  static let all = [state, since, expiry, health, peers, guarding]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var (state, since, expiry) = (MetricFamily(state), MetricFamily(since), MetricFamily(expiry))
    var (health, peers, guarding) = (MetricFamily(health), MetricFamily(peers), MetricFamily(guarding))
    if let tailnet = snapshot.status.tailnet {
      state.add(state: tailnet.state, of: TailnetState.allCases.map(\.rawValue))
      since.add(Double(tailnet.since) / 1000)
      if let at = tailnet.keyExpiry { expiry.add(Double(at) / 1000) }
      health.add(Double(tailnet.health.count))
      if let word = tailnet.guard?.prefix(while: { $0 != ":" }) {
        guarding.add(state: String(word), of: ["landlock", "kernel", "sidecar", "open", "refused"])
      }
      if let count = tailnet.peers { peers.add(Double(count)) }
    }
    return [state, since, expiry, health, peers, guarding]
  }
}
