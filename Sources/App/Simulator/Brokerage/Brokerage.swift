/// The one simulated account: its orders, trades and positions. A value; whoever calls it delivers the events that it returns.
struct Brokerage: Sendable {
  /// What clients are told about.
  enum Event: Equatable, Sendable {
    /// The order is new, or its state has changed.
    case order(Order)
    case execution(Execution)
    /// An order that cannot be carried out, or a remark on one.
    case refusal(Order.Key, RequestRefusal)
  }

  let account: String
  private(set) var portfolio = Portfolio(dollars: 1_000_000)
  private(set) var orders: [Order.Key: Order] = [:]
  private(set) var executions: [Execution] = []
  private var ordersSeen = 0

  init(account: String) {
    self.account = account
  }

  /// The first order id that a client has not used yet.
  func nextOrderID(for clientID: Int) -> Int {
    (orders.keys.lazy.filter { $0.clientID == clientID }.map(\.orderID).max() ?? 0) + 1
  }

  /// Orders that wait, in a stable sequence; of one client or of all.
  func openOrders(of clientID: Int? = nil) -> [Order] {
    orders.values.filter { !$0.status.isDone && (clientID == nil || $0.key.clientID == clientID) }
      .sorted { $0.permanentID < $1.permanentID }
  }

  var completedOrders: [Order] {
    orders.values.filter(\.status.isDone).sorted { $0.permanentID < $1.permanentID }
  }

  /// Takes a new order, or changes a waiting one with the same id.
  mutating func place(_ request: OrderRequest, clientID: Int) -> [Event] {
    let key = Order.Key(clientID: clientID, orderID: request.orderID)
    let permanentID: Int
    if let present = orders[key] {
      guard !present.status.isDone, present.instrument == request.instrument, present.action == request.action else {
        return [.refusal(key, RequestRefusal(code: 103, text: "Duplicate order id"))]
      }
      permanentID = present.permanentID
    } else {
      ordersSeen += 1
      permanentID = 1_000_000_000 + ordersSeen
    }
    let order = Order(
      key: key, permanentID: permanentID, instrument: request.instrument, action: request.action,
      quantity: request.quantity, kind: request.kind, limit: request.limit, stop: request.stop,
      timeInForce: request.timeInForce, reference: request.reference, account: account,
      status: request.stop == nil ? .submitted : .preSubmitted)
    orders[key] = order
    return [.order(order)]
  }

  mutating func cancel(_ key: Order.Key, now: Moment) -> [Event] {
    guard var order = orders[key] else {
      let text = "OrderId \(key.orderID) that needs to be cancelled is not found."
      return [.refusal(key, RequestRefusal(code: 10_147, text: text))]
    }
    guard !order.status.isDone else {
      let text =
        "OrderId \(key.orderID) that needs to be cancelled cannot be cancelled, state: \(order.status.rawValue)."
      return [.refusal(key, RequestRefusal(code: 10_148, text: text))]
    }
    order.status = .cancelled
    order.ended = now
    orders[key] = order
    return [.order(order), .refusal(key, RequestRefusal(code: 202, text: "Order Canceled - reason:"))]
  }

  mutating func cancelAll(now: Moment) -> [Event] {
    openOrders().flatMap { cancel($0.key, now: now) }
  }

  /// Trades whatever waiting order the market has reached.
  mutating func advance(to now: Moment, _ market: Market) -> [Event] {
    var events: [Event] = []
    for var order in openOrders() {
      let quote = market.quote(order.instrument, at: now)
      if order.awaitsStop {
        guard order.isTriggered(quote) else { continue }
        order.status = .submitted
        orders[order.key] = order
        events.append(.order(order))
      }
      if let price = order.match(quote) {
        events += fill(order, at: price, now)
      } else if order.timeInForce == .immediate {
        events += cancel(order.key, now: now)
      }
    }
    return events
  }

  private mutating func fill(_ order: Order, at price: Double, _ now: Moment) -> [Event] {
    var order = order
    order.status = .filled
    order.ended = now
    order.fillPrice = price
    let commission = Self.commission(order.instrument, quantity: order.quantity, price: price)
    let realized = portfolio.book(
      order.instrument, order.action, quantity: order.quantity, price: price, commission: commission)
    let number = String(executions.count + 1, radix: 16)
    let id = "0000e0d5." + String(repeating: "0", count: max(0, 8 - number.count)) + number + ".01.01"
    let execution = Execution(
      id: id, order: order, time: now, price: price, commission: commission, realized: realized)
    orders[order.key] = order
    executions.append(execution)
    return [.order(order), .execution(execution)]
  }

  /// IBKR's fixed prices: half a cent per share and at least a dollar; a fifth of a basis point and at least two dollars.
  static func commission(_ instrument: Instrument, quantity: Double, price: Double) -> Double {
    switch instrument.kind {
    case .stock: max(1, quantity * 0.005)
    case .currencyPair: max(2, quantity * price * 0.00002)
    }
  }
}
