import Lifecycle
import Metrics

/// The program as a whole.
enum ProgramMetrics {
  static let build = Metric("ibgw_build", .info, labels: ["version"], help: "The version of the supervisor that runs.")
  static let scrape = Metric(
    "ibgw_scrape_ok", .gauge, labels: ["source"],
    help: "Whether the source answered for this scrape; the metrics of one that did not are missing.")
  static let ready = Metric(
    "ibgw_ready", .gauge, help: "Whether /ready answers OK: every gateway serves, and a tailnet node is up.")
  static let phase = Metric(
    "ibgw_supervisor_phase", .stateset, help: "Whether the supervisor is running, stopping everything, or has ended it."
  )
  static let start = Metric(
    "ibgw_supervisor_start_time_seconds", .gauge, unit: "seconds", help: "When the supervisor started, since 1970.")
  static let crashes = Metric(
    "ibgw_supervisor_crashes", .counter, help: "Crashes of the supervisor's own program that it has survived.")
  static let orphans = Metric(
    "ibgw_orphans_reaped", .counter, help: "Processes that were nobody's child any more and were collected.")

  static let all = [build, scrape, ready, phase, start, crashes, orphans]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var build = MetricFamily(build)
    build.add(1, snapshot.status.version)
    var scrape = MetricFamily(scrape)
    // Without the supervisor's answer there is no exposition at all.
    scrape.add(1, Peer.supervisor.rawValue)
    scrape.add(snapshot.relay == nil ? 0 : 1, Peer.relay.rawValue)
    scrape.add(snapshot.probe == nil ? 0 : 1, Peer.probe.rawValue)
    var ready = MetricFamily(ready)
    ready.add(snapshot.ready.ok ? 1 : 0)
    var phase = MetricFamily(phase)
    phase.add(state: snapshot.status.phase, of: ["running", "stopping", "ended"])
    var start = MetricFamily(start)
    start.add(Double(snapshot.status.started) / 1000)
    var crashes = MetricFamily(crashes)
    crashes.add(Double(snapshot.status.crashes))
    var orphans = MetricFamily(orphans)
    orphans.add(Double(snapshot.status.orphansReaped))
    return [build, scrape, ready, phase, start, crashes, orphans]
  }
}
