import Lifecycle
import NIOCore
import NIOEmbedded
import Testing
import Trading

@testable import Supervisor

@Suite struct RelayOrdersTests {
  private struct Failure: Error {}

  /// A relay that takes an order when the test says so, on a loop whose time the test lets pass.
  private final class Relay {
    let loop = EmbeddedEventLoop()
    var isThere = true
    var put: [(mode: Mode, order: RelayOrder, taken: EventLoopPromise<Void>)] = []
    var failures = 0
    private(set) var orders: RelayOrders!

    init() {
      orders = RelayOrders(
        on: loop, isRelayThere: { [unowned self] in isThere }, sayFailure: { [unowned self] _, _, _ in failures += 1 },
        send: { [unowned self] mode, order in
          let taken = loop.makePromise(of: Void.self)
          put.append((mode, order, taken))
          return taken.futureResult
        })
    }

    /// What was put since the last time.
    func takeOrders() -> [RelayOrder] {
      defer { put = [] }
      return put.map(\.order)
    }
  }

  @Test func `an order waits for the one before it, and of several that wait the newest alone is put`() {
    let relay = Relay()
    relay.orders.give(.open, to: .paper)
    relay.orders.give(.automatic, to: .paper)
    relay.orders.give(.closed, to: .paper)
    let first = relay.put[0].taken
    #expect(relay.takeOrders() == [.open])
    first.succeed()
    #expect(relay.takeOrders() == [.closed])
  }

  @Test func `the routes do not wait for each other`() {
    let relay = Relay()
    relay.orders.give(.open, to: .paper)
    relay.orders.give(.closed, to: .live)
    #expect(relay.put.map(\.mode) == [.paper, .live])
    for order in relay.put { order.taken.succeed() }
  }

  @Test func `an order that is not taken is put again each second until it is, and that is said once`() {
    let relay = Relay()
    relay.orders.give(.closed, to: .live)
    for _ in 0..<3 {
      #expect(relay.put.map(\.order) == [.closed])
      let taken = relay.put[0].taken
      relay.put = []
      taken.fail(Failure())
      relay.loop.advanceTime(by: .milliseconds(999))
      #expect(relay.put.isEmpty)
      relay.loop.advanceTime(by: .milliseconds(1))
    }
    relay.put[0].taken.succeed()
    relay.put = []
    relay.loop.advanceTime(by: .seconds(10))
    #expect(relay.put.isEmpty)
    #expect(relay.failures == 1)
  }

  @Test func `an order that was given anew meanwhile is put at once, and the old failure is nobody's any more`() {
    let relay = Relay()
    relay.orders.give(.closed, to: .live)
    relay.orders.give(.closed, to: .live)
    let first = relay.put.removeFirst().taken
    first.fail(Failure())
    #expect(relay.failures == 0)
    #expect(relay.put.map(\.order) == [.closed])
    relay.put[0].taken.succeed()
  }

  @Test func `a relay that is gone is told nothing`() {
    let relay = Relay()
    relay.orders.give(.open, to: .paper)
    relay.isThere = false
    relay.put.removeFirst().taken.fail(Failure())
    relay.loop.advanceTime(by: .seconds(10))
    #expect(relay.put.isEmpty)
    #expect(relay.failures == 0)
  }
}
