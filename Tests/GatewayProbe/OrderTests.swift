import Lifecycle
import Testing

@testable import GatewayProbe

@Suite struct RestartTests {
  @Test func `in a known restart nothing is connected or asked, and the listener is still watched`() {
    var world = World.serving()
    world.handle(.suspended)
    #expect(world.observation == .listening)
    #expect(world.gateway.clients.isEmpty)
    world.forget()
    world.change { $0.listens = false }
    world.pass(.seconds(30))
    #expect(world.observation == .refused)
    world.change {
      $0.listens = true
      $0.inode = 2
      $0.isStuck = true
    }
    world.pass(.seconds(30))
    #expect(world.connects.isEmpty)
    #expect(world.reports.map(\.report.observation) == [.refused, .listening])
    world.handle(.resumed)
    world.change { $0.isStuck = false }
    let serving = world.pass(until: { $0.observation == .serving }, limit: .seconds(10))
    #expect(serving != nil)
  }

  @Test func `a check that somebody wants in a known restart is answered without asking the gateway`() {
    var world = World.serving()
    world.handle(.suspended)
    world.forget()
    world.handle(.checkRequested)
    #expect(world.checks.map(\.ok) == [false])
    #expect(world.connects.isEmpty)
  }

  @Test func `after the stop nothing is done but to end what is open`() {
    var world = World.serving()
    world.forget()
    world.handle(.stopped)
    #expect(world.gateway.clients.isEmpty)
    #expect(world.watch.wake == nil)
    world.handle(.timePassed)
    #expect(world.reports.isEmpty)
    #expect(world.connects.isEmpty)
  }
}

@Suite struct RequestedCheckTests {
  @Test func `a check is made at once, and answered with what it came to`() throws {
    var world = World.serving()
    world.forget()
    world.handle(.checkRequested)
    let report = try #require(world.checks.first)
    #expect(report.ok)
    #expect(report.observation == .serving)
    #expect(report.serverVersion == 187)
    #expect(report.accounts == 1)
    #expect(world.connects.count == 1)
  }

  @Test func `a request while a check is under way is answered with that one`() {
    var world = World.serving()
    world.change { $0.isMute = true }
    world.handle(.checkRequested)
    world.forget()
    world.handle(.checkRequested)
    world.pass(.seconds(5))
    #expect(world.checks.map(\.observation) == [.silent])
  }

  @Test func `a gateway that does not listen is not connected to`() {
    var world = World()
    world.gateway.listens = false
    world.handle(.checkRequested)
    #expect(world.checks.map(\.observation) == [.refused])
    world.handle(.checkRequested)
    #expect(world.checks.count == 2)
    #expect(world.connects.isEmpty)
  }

  @Test func `a check is made on request also where the probe waits for a sign of life`() {
    var world = World.serving()
    world.change { $0.isFrozen = true }
    world.pass(.seconds(120))
    world.forget()
    world.handle(.checkRequested)
    #expect(world.connects.count == 1)
    world.pass(.seconds(5))
    #expect(world.checks.map(\.observation) == [.acceptQueueFull])
  }
}

@Suite struct ClientIDTests {
  @Test func `the kept connection and a check have ids of their own`() {
    var world = World.serving()
    world.handle(.checkRequested)
    #expect(world.gateway.clients.values.map(\.clientID) == [999])
    #expect(world.checks.count == 1)
  }

  @Test func `an id that somebody else uses is passed over, and that is no failure`() {
    var world = World()
    world.gateway.takenIDs = [999, 1000]
    world.pass(.seconds(5))
    #expect(world.observation == .serving)
    #expect(world.reports.allSatisfy { $0.report.failures == 0 })
    #expect(world.gateway.clients.values.map(\.clientID) == [1001])
    world.forget()
    world.pass(.seconds(300))
    #expect(world.connects.count == 5)
  }

  @Test func `where all reserved ids are in use the gateway is alive, and the report says what could not be asked`() {
    var world = World()
    world.gateway.takenIDs = Set(999...1002)
    world.pass(.seconds(5))
    #expect(world.observation == .serving)
    #expect(
      world.reports.last?.report.why
        == "127.0.0.1:4002 answers; client ids 999 to 1002 are all in use, so it was asked nothing more")
    world.forget()
    world.pass(.seconds(300))
    #expect(world.connects.count == 5 * 4)
    world.gateway.takenIDs = []
    world.pass(.seconds(65))
    #expect(world.watch.kept != nil)
  }
}
