import Lifecycle
import LocalHTTP
import NIOCore
import Trading

/// Brings orders to the relay, one at a time for each of its routes: a later one never overtakes an earlier one, only the newest is put
/// again, and it is put again until it was taken or the relay is gone. Once that is back, the decisions give their orders anew.
///
/// Owned by `loop`.
final class RelayOrders {
  /// How one order is put: completes once it was taken.
  typealias Send = (Mode, RelayOrder) -> EventLoopFuture<Void>

  private struct Route {
    var order: RelayOrder
    /// Which order it is, so that the same one given anew is told from one that was not taken.
    var number = 0
    var isAwaited = false
    var isFailureSaid = false
  }

  /// How long an order that was not taken waits until it is put again.
  static let pause = TimeAmount.seconds(1)

  private let loop: any EventLoop
  private let send: Send
  private let isRelayThere: () -> Bool
  private let sayFailure: (Mode, RelayOrder, any Error) -> Void
  private var routes: [Mode: Route] = [:]

  /// `isRelayThere` says whether somebody is there to take an order; `sayFailure` hears of each order that was not taken at once.
  init(
    on loop: any EventLoop, isRelayThere: @escaping () -> Bool,
    sayFailure: @escaping (Mode, RelayOrder, any Error) -> Void, send: @escaping Send
  ) {
    self.loop = loop
    self.isRelayThere = isRelayThere
    self.sayFailure = sayFailure
    self.send = send
  }

  /// Whatever was ordered before is of no account any more.
  func give(_ order: RelayOrder, to mode: Mode) {
    var route = routes[mode] ?? Route(order: order)
    route.order = order
    route.number += 1
    route.isFailureSaid = false
    routes[mode] = route
    put(to: mode)
  }

  private func put(to mode: Mode) {
    guard let route = routes[mode], !route.isAwaited else { return }
    routes[mode]?.isAwaited = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    send(mode, route.order).whenComplete { bound.value.answered(mode, number: route.number, $0) }
  }

  private func answered(_ mode: Mode, number: Int, _ result: Result<Void, any Error>) {
    guard let route = routes[mode] else { return }
    routes[mode]?.isAwaited = false
    guard route.number == number else { return put(to: mode) }
    guard case .failure(let error) = result, isRelayThere() else { return }
    if !route.isFailureSaid { sayFailure(mode, route.order, error) }
    routes[mode]?.isFailureSaid = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: Self.pause) {
      let orders = bound.value
      if orders.routes[mode]?.number == number, orders.isRelayThere() { orders.put(to: mode) }
    }
  }
}
