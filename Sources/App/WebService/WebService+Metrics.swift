import Clocks
import Files
import FoundationEssentials
import GatewayProbe
import Lifecycle
import LocalHTTP
import Metrics
import NIOCore
import Processes
import RelayService

extension WebService {
  /// The metrics, from everybody at once: the slowest answer is waited for, and none for longer than 2 s.
  func metrics(_ exposition: Exposition) -> EventLoopFuture<HTTPResponse> {
    let socket = supervisorSocket
    let ready = report(.ready, mode: nil)
    let relay = optional(RelayReport.self, from: .relay)
    let probe = optional([WatchStatus].self, from: .probe)
    let (bootTime, region) = (bootTime, region)
    return requests.get("/v1/status", from: .supervisor).flatMap { response in
      ready.and(relay).and(probe).map { others, probe in
        guard let status = try? JSONDecoder().decode(StatusReport.self, from: Data(response.body)) else {
          return .unwell(HealthCheck.foreign("its answer is no status (\(response.status))"))
        }
        let snapshot = Snapshot(
          status: status, ready: others.0, relay: others.1, probe: probe, wall: SystemClock.wall, region: region,
          usages: Snapshot.usages(of: status, in: ProcessTable.all(), bootTime: bootTime))
        return HTTPResponse(
          status: 200, contentType: exposition.contentType,
          body: Array(exposition.text(Catalogue.families(snapshot)).utf8))
      }
    }.recover { .unwell(HealthCheck.unanswered($0, socket: socket)) }
  }

  /// The status of a process that may be missing; nil when it is, and when its answer cannot be read.
  private func optional<Report: Decodable & Sendable>(
    _ type: Report.Type, from peer: Peer
  ) -> EventLoopFuture<Report?> {
    requests.get("/v1/status", from: peer).map { response in
      response.status == 200 ? try? JSONDecoder().decode(type, from: Data(response.body)) : nil
    }.recover { _ in nil }
  }

  /// When the machine was started, in seconds since 1970: proc(5), `btime` of /proc/stat.
  static func readBootTime() -> Double {
    let text = (try? FileSystem.readText("/proc/stat")) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
    return line.flatMap { Double($0.dropFirst(6)) } ?? 0
  }
}
