import GatewayProbe
import Lifecycle
import Processes
import RelayService

/// Everything that was learnt for one scrape.
struct Snapshot: Sendable {
  /// What the supervisor says.
  var status: StatusReport
  /// Whether all is ready.
  var ready: HealthReport
  /// What the relay says; nil when it does not answer.
  var relay: RelayReport?
  /// What the probe says of each gateway; nil when it does not answer.
  var probe: [WatchStatus]?
  /// When, in milliseconds since 1970.
  var wall: Int64
  /// Whose reset windows hold.
  var region: IBKRRegion
  /// What each of our processes uses, by name, `supervisor` first.
  var usages: [(process: String, usage: ProcessUsage)] = []
}

extension Snapshot {
  /// Reads from `table` what the processes of `status` use.
  static func usages(
    of status: StatusReport, in table: [ProcessEntry], bootTime: Double
  ) -> [(process: String, usage: ProcessUsage)] {
    let supervisor = ProcessUsage(process: status.pid, in: table, bootTime: bootTime).map { ("supervisor", $0) }
    let services = status.services.compactMap { service in
      service.pid.flatMap { ProcessUsage(session: $0, in: table, bootTime: bootTime) }.map { (service.name, $0) }
    }
    return [supervisor].compactMap(\.self) + services
  }
}
