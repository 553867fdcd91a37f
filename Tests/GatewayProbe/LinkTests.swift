import Lifecycle
import TWSProtocol
import Testing

@testable import GatewayProbe

@Suite struct LinkTests {
  @Test func `a lost link to IBKR is told on the kept connection, and so is its return`() {
    var world = World.serving()
    world.forget()
    world.link(false)
    #expect(world.reports.map(\.report.observation) == [.linkLost])
    #expect(world.reports[0].report.failures == 0)
    world.pass(.seconds(300))
    #expect(world.reports.count == 1)
    world.link(true)
    #expect(world.observation == .serving)
  }

  @Test func `a link that is lost when the gateway starts is heard in the handshake`() {
    var world = World()
    world.gateway.isLinked = false
    world.pass(.seconds(5))
    #expect(world.observation == .linkLost)
    world.link(true)
    #expect(world.observation == .serving)
  }

  @Test func `where the return was missed, a later client that hears of no loss tells it`() {
    var world = World.serving()
    world.link(false)
    // The gateway is linked again and has told nobody.
    world.gateway.isLinked = true
    world.forget()
    let back = world.pass(until: { $0.observation == .serving }, limit: .seconds(130))
    #expect(back.map { $0 >= .seconds(55) } == true)
  }

  @Test func `where the connection that told the loss is gone, the next client knows better at once`() throws {
    var world = World.serving()
    world.link(false)
    world.gateway.isLinked = true
    let old = try #require(world.watch.kept?.id)
    world.change { $0.kick(old) }
    let back = world.pass(until: { $0.observation == .serving }, limit: .seconds(5))
    #expect(back != nil)
  }

  @Test(arguments: [
    (1100, APIObservation.linkLost), (2110, .linkLost), (2103, .serving), (2105, .serving), (2157, .serving),
  ])
  func `a code tells of the link or of a farm alone`(code: Int, expected: APIObservation) throws {
    var world = World.serving()
    let notice = ServerMessage.error(APIError(code: code, text: "")).frame(version: 187)
    world.handle(.received(try #require(world.watch.kept?.id), try #require(notice)))
    #expect(world.watch.lastReport?.observation == expected)
  }

  @Test(arguments: [1101, 1102])
  func `either code of return ends the loss`(code: Int) throws {
    var world = World.serving()
    world.link(false)
    let notice = ServerMessage.error(APIError(code: code, text: "")).frame(version: 187)
    world.handle(.received(try #require(world.watch.kept?.id), try #require(notice)))
    #expect(world.watch.lastReport?.observation == .serving)
  }
}
