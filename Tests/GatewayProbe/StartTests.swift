import Lifecycle
import Splice
import Testing

@testable import GatewayProbe

@Suite struct StartTests {
  @Test func `while nothing listens it is looked at five times a second, and nobody connects`() {
    var world = World()
    world.gateway.listens = false
    world.pass(.seconds(10))
    #expect(world.looks.count == 51)
    #expect(world.connects.isEmpty)
    #expect(world.reports.map(\.report.observation) == [.refused])
    #expect(world.reports[0].report.listens == false)
    #expect(world.reports[0].report.why == "nothing listens on 127.0.0.1:4002")
  }

  @Test func `a gateway is said to serve after two answered checks that are two seconds apart`() {
    var world = World()
    world.gateway.listens = false
    world.pass(.seconds(1))
    world.change { $0.listens = true }
    world.pass(.seconds(10))
    #expect(world.reports.map(\.report.observation) == [.refused, .listening, .serving])
    #expect(world.connects.count == 2)
    #expect(world.connects[1] - world.connects[0] == .seconds(2))
    #expect(world.reports[2].at == world.connects[1])
    #expect(world.reports[2].report.why == "127.0.0.1:4002 answers: API version 187, 1 account")
    #expect(world.reports.allSatisfy { $0.report.failures == 0 })
  }

  @Test func `the listener is seen within 200 ms, and the first check begins at once`() {
    var world = World()
    world.gateway.listens = false
    world.pass(.milliseconds(1_050))
    let opened = world.now
    world.change { $0.listens = true }
    world.pass(.seconds(1))
    #expect(world.connects.count == 1)
    #expect(world.connects[0] - opened <= .milliseconds(200))
  }

  @Test func `once it serves it is looked at every 2 s, asked every 20 s and checked every 60 s`() {
    var world = World.serving()
    world.forget()
    world.pass(.seconds(600))
    #expect((299...301).contains(world.looks.count))
    #expect(world.connects.count == 10)
    #expect(zip(world.connects.dropFirst(), world.connects).allSatisfy { $0 - $1 == .seconds(60) })
    // Ten handshakes end with a question of their own.
    #expect((39...41).contains(world.questions.count))
    #expect(world.reports.isEmpty)
    #expect(world.gateway.clients.count == 1)
  }

  @Test func `relayed traffic spares the question, and not the check`() {
    var world = World.serving()
    world.forget()
    for _ in 0..<60 {
      world.pass(.seconds(10))
      world.handle(.trafficSeen)
    }
    #expect(world.connects.count == 10)
    #expect(world.questions.count == 10)
  }

  @Test func `a first check that fails is tried again, and the gate wants two good ones`() {
    var world = World()
    world.gateway.isStuck = true
    world.pass(.seconds(6))
    #expect(world.observation == .notLoggedIn)
    world.change { $0.isStuck = false }
    world.pass(.seconds(10))
    #expect(world.reports.map(\.report.observation) == [.listening, .notLoggedIn, .serving])
    #expect(world.connects.count == 3)
  }

  @Test func `another listener on the port is another gateway: it has to pass the gate anew`() {
    var world = World.serving()
    world.forget()
    world.change { $0.restart() }
    world.pass(.seconds(10))
    #expect(world.reports.map(\.report.observation) == [.listening, .serving])
    #expect(world.connects.count == 2)
  }

  @Test func `where the kernel's tables cannot be read, connects alone tell`() {
    var world = World()
    world.hasTables = false
    world.gateway.listens = false
    world.pass(.seconds(30))
    #expect(world.observation == .refused)
    #expect(world.reports.last?.report.listens == false)
    #expect(world.connects.count < 10)
    world.gateway.listens = true
    let opened = world.pass(until: { $0.observation == .serving }, limit: .seconds(10))
    #expect(opened != nil)
    world.change { $0.listens = false }
    let closed = world.pass(until: { $0.observation == .refused && !$0.listens }, limit: .seconds(2))
    #expect(closed != nil)
  }

  @Test func `tables that cannot be read for once change nothing`() {
    var world = World.serving()
    world.forget()
    world.hasTables = false
    world.pass(.seconds(5))
    world.hasTables = true
    world.pass(.seconds(5))
    #expect(world.reports.isEmpty)
    #expect(world.connects.isEmpty)
  }
}
