import Lifecycle
import Testing

@testable import ProbeService

@Suite struct ObservationTests {
  @Test func `the supervisor hears how a gateway comes to serve, each step once`() async throws {
    let observed = try await ObservedGateway()
    try await observed.reports.wait { $0.observation == .serving }
    #expect(try await observed.reports.all().map(\.observation) == [.listening, .serving])
    #expect(try await observed.reports.all().allSatisfy { $0.listens && $0.failures == 0 })
    let status = try await observed.status()
    #expect(status.observation == .serving)
    #expect(status.serverVersion == 187)
    #expect(status.accounts == 1)
    #expect(status.isConnected)
    #expect(status.statistics.checks == 2)
    #expect(status.statistics.handshakes.count == 2)
    try await observed.end()
  }

  @Test(arguments: [
    ("mute", APIObservation.silent), ("stuck", .notLoggedIn), ("no-accounts", .noAccounts),
    ("link-lost", .linkLost), ("close-new", .closesNewClients), ("hang-new", .newClientsHang),
    ("stop-reading", .silent), ("stop-accepting", .newClientsHang),
  ])
  func `a fault is told under its name, and its end too`(fault: String, expected: APIObservation) async throws {
    let observed = try await ObservedGateway()
    try await observed.reports.wait { $0.observation == .serving }
    try await observed.perform("fault \(fault)")
    try await observed.checkNow()
    let needed = expected == .linkLost ? 0 : 3
    let report = try await observed.reports.wait { $0.observation == expected && $0.failures >= needed }
    #expect(report.listens)
    try await observed.perform("heal \(fault)")
    try await observed.reports.wait { $0.observation == .serving && $0.failures == 0 }
    try await observed.end()
  }

  @Test func `a restart is seen as a port that closes and opens, and the gate is passed anew`() async throws {
    let observed = try await ObservedGateway()
    try await observed.reports.wait { $0.observation == .serving }
    // It stays closed until that is known: whatever passes by while nobody waits for it is missed.
    try await observed.perform("restart 3600")
    try await observed.reports.wait { $0.observation == .refused }
    try await observed.perform("restart 0")
    try await observed.reports.wait { $0.observation == .serving }
    let seen = Set(try await observed.reports.all().map(\.observation))
    #expect(seen.isSubset(of: [.refused, .listening, .serving, .closesNewClients]))
    try await observed.end()
  }

  @Test func `a gateway that is suspended has no connection of the probe`() async throws {
    let observed = try await ObservedGateway()
    try await observed.reports.wait { $0.observation == .serving }
    #expect(try await observed.ask("POST", "/v1/gateways/paper/suspend").status == 200)
    try await observed.reports.wait { $0.observation == .listening }
    #expect(try await observed.status().isSuspended)
    try await eventually { try await observed.perform("status").contains("0 clients") }
    #expect(try await observed.ask("POST", "/v1/gateways/paper/resume").status == 200)
    try await observed.reports.wait { $0.observation == .serving }
    try await observed.end()
  }

  @Test func `a supervisor that comes late is told what is so now, and not what was`() async throws {
    let observed = try await ObservedGateway(supervises: false)
    try await eventually { try await observed.status().observation == .serving }
    try await observed.supervise()
    try await observed.reports.wait { $0.observation == .serving }
    #expect(try await observed.reports.all().count == 1)
    try await observed.end()
  }
}
