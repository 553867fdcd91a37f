import Lifecycle
import Testing

@testable import GatewayProbe

/// A fault of the gateway, what the probe should see of it, and how the gateway comes back.
struct FaultCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let seen: APIObservation
  let begin: @Sendable (inout VirtualGateway) -> Void
  let heal: @Sendable (inout VirtualGateway) -> Void

  init(
    _ name: String, _ seen: APIObservation, _ begin: @escaping @Sendable (inout VirtualGateway) -> Void,
    _ heal: @escaping @Sendable (inout VirtualGateway) -> Void
  ) {
    testDescription = name
    self.seen = seen
    self.begin = begin
    self.heal = heal
  }

  static let all = [
    FaultCase("frozen", .acceptQueueFull, { $0.isFrozen = true }, { $0.isFrozen = false }),
    FaultCase("reads nothing", .silent, { $0.reads = false }, { $0.reads = true }),
    FaultCase("mute", .silent, { $0.isMute = true }, { $0.isMute = false }),
    FaultCase("stuck", .notLoggedIn, { $0.isStuck = true }, { $0.isStuck = false }),
    FaultCase("accepts nobody", .newClientsHang, { $0.accepts = false }, { $0.accepts = true }),
    FaultCase("hangs new clients", .newClientsHang, { $0.hangsNew = true }, { $0.hangsNew = false }),
    FaultCase("closes new clients", .closesNewClients, { $0.closesNew = true }, { $0.closesNew = false }),
    FaultCase("no accounts", .noAccounts, { $0.accounts = [] }, { $0.accounts = ["DU1234567"] }),
  ]
}

@Suite struct FaultTests {
  @Test(arguments: FaultCase.all)
  func `a fault is established under its own name within 10 s of the first failure`(fault: FaultCase) {
    var world = World.serving()
    world.change(fault.begin)
    let seen = world.pass(until: { $0.failures > 0 }, limit: .seconds(70))
    #expect(seen != nil)
    let established = world.pass(until: { $0.failures >= 3 }, limit: .seconds(10))
    #expect(established.map { $0 <= .seconds(8) } == true)
    #expect(world.observation == fault.seen)
    world.forget()
    world.pass(.seconds(300))
    #expect(world.reports.allSatisfy { $0.report.observation == fault.seen && $0.report.failures > 3 })
  }

  @Test(arguments: FaultCase.all, [1, 4, 8, 9, 14, 30, 61, 119, 3_600])
  func `a gateway that is well again is said to serve within 10 s`(fault: FaultCase, after: Int) {
    var world = World.serving()
    world.pass(.seconds(57))
    world.change(fault.begin)
    world.pass(.seconds(after))
    world.change(fault.heal)
    let healed = world.pass(until: { $0.observation == .serving && $0.failures == 0 }, limit: .seconds(30))
    #expect(healed.map { $0 <= .seconds(10) } == true)
    world.forget()
    world.pass(.seconds(300))
    // A check that was under way when it healed may still fail by what it asked before.
    #expect(world.reports.allSatisfy { $0.report.failures < 2 })
    #expect(world.observation ?? .serving == .serving)
  }

  @Test func `whether connected clients are served is asked at the first failure, not at the next turn`() {
    var world = World.serving()
    world.change { $0.hangsNew = true }
    let failed = world.pass(until: { $0.failures > 0 }, limit: .seconds(70))
    #expect(failed != nil)
    #expect(world.observation == .newClientsHang)
    #expect(world.reports.last?.at == world.now)
  }

  @Test func `a fault that is over between two checks is never established`() {
    var world = World.serving()
    world.change { $0.isMute = true }
    _ = world.pass(until: { $0.failures == 1 }, limit: .seconds(70))
    world.change { $0.isMute = false }
    world.forget()
    world.pass(.seconds(20))
    #expect(world.reports.allSatisfy { $0.report.failures < 3 })
    #expect(world.observation == .serving)
  }

  @Test func `a frozen gateway is looked at and listened to, and gets no connection it cannot take`() {
    var world = World.serving()
    world.change { $0.isFrozen = true }
    world.pass(.seconds(3_600))
    #expect(world.observation == .acceptQueueFull)
    #expect(world.connects.count <= 2 + 4)
    #expect(world.gateway.waiting <= 4)
    world.forget()
    world.pass(.seconds(60))
    #expect(world.looks.count == 30)
  }

  @Test func `a gateway that reads nothing gets a connection a minute, and the newest four are listened to`() {
    var world = World.serving()
    world.change { $0.reads = false }
    world.pass(.seconds(120))
    world.forget()
    world.pass(.seconds(3_600))
    #expect((59...61).contains(world.connects.count))
    #expect(zip(world.connects.dropFirst(), world.connects).allSatisfy { $0 - $1 >= .seconds(60) })
    #expect(world.watch.connections.values.filter { $0.role == .lingering }.count <= 4)
  }

  @Test func `a gateway that closes what is ended is checked every 5 s`() {
    var world = World.serving()
    world.change { $0.isMute = true }
    world.pass(.seconds(120))
    world.forget()
    world.pass(.seconds(60))
    #expect(world.connects.count == 12)
  }

  @Test func `of a frozen gateway no question is asked again and again`() {
    var world = World.serving()
    world.change { $0.isFrozen = true }
    world.pass(.seconds(3_600))
    #expect(world.watch.statistics.questions <= 4)
  }

  @Test func `connections that wait for more than 5 s tell of a frozen gateway before any check does`() {
    var world = World.serving()
    world.pass(.seconds(3))
    world.change { $0.isFrozen = true }
    _ = world.gateway.connect(-1)
    let first = world.pass(until: { $0.observation == .acceptQueueFull }, limit: .seconds(20))
    #expect(first.map { $0 <= .seconds(10) } == true)
    let established = world.pass(until: { $0.failures >= 3 }, limit: .seconds(10))
    #expect(established != nil)
  }

  @Test func `a gateway that goes down is seen at once, however it was before`() {
    var world = World.serving()
    world.change { $0.listens = false }
    #expect(world.observation == .refused)
    world.change { $0.listens = true }
    world.pass(.seconds(5))
    #expect(world.observation == .serving)
    world.change { $0.isFrozen = true }
    world.pass(.seconds(100))
    world.change {
      $0.listens = false
      $0.isFrozen = false
    }
    let seen = world.pass(until: { $0.observation == .refused && $0.failures == 0 }, limit: .seconds(2))
    #expect(seen != nil)
  }

  @Test func `where connected clients are not answered and new ones are, the kept connection is replaced`() throws {
    var world = World.serving()
    let old = try #require(world.watch.kept?.id)
    world.gateway.deafen(old)
    world.forget()
    world.pass(.seconds(45))
    #expect(world.watch.kept != nil)
    #expect(world.watch.kept?.id != old)
    #expect(world.observation == .serving)
    #expect(world.gateway.clients[old] == nil)
  }

  @Test func `a kept connection that the gateway ends is replaced at once, and again in a minute`() throws {
    var world = World.serving()
    world.pass(.seconds(100))
    world.forget()
    let first = try #require(world.watch.kept?.id)
    world.change { $0.kick(first) }
    #expect(world.connects.count == 1)
    for _ in 0..<600 {
      if let kept = world.watch.kept { world.change { $0.kick(kept.id) } }
      world.pass(.seconds(1))
    }
    #expect((10...21).contains(world.connects.count))
    #expect(world.reports.isEmpty)
  }

  @Test func `a port that refuses though the kernel shows a listener is a fault, and not a storm of connects`() {
    var world = World.serving()
    world.gateway.refuses = true
    world.pass(.seconds(70))
    #expect(world.observation == .refused)
    #expect(world.reports.last?.report.listens == true)
    world.forget()
    world.pass(.seconds(60))
    #expect((11...13).contains(world.connects.count))
    world.gateway.refuses = false
    let seen = world.pass(until: { $0.observation == .serving }, limit: .seconds(10))
    #expect(seen != nil)
  }
}
