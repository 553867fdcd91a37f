import TWSProtocol

/// Orders: placing, cancelling, listing, and telling the client what became of them.
extension Session {
  mutating func answerOrders(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: inout Gateway, _ out: inout Outbox
  ) throws -> [Brokerage.Event] {
    switch kind {
    case .placeOrder:
      let request = try OrderRequest(&reader, version: version, account: gateway.brokerage.account)
      guard gateway.isLinked else { throw RequestRefusal.notConnected }
      guard !request.isWhatIf else {
        preview(request, at: now, gateway, &out)
        return []
      }
      return gateway.brokerage.place(request, clientID: clientID)
    case .cancelOrder:
      try reader.skip()
      let key = Order.Key(clientID: clientID, orderID: try reader.integer())
      guard gateway.isLinked else { throw RequestRefusal.notConnected }
      return gateway.brokerage.cancel(key, now: now)
    case .reqGlobalCancel:
      return gateway.brokerage.cancelAll(now: now)
    case .reqOpenOrders, .reqAllOpenOrders:
      let orders = gateway.brokerage.openOrders(of: kind == .reqOpenOrders ? clientID : nil)
      for order in orders { out.send(order) }
      out.send(.openOrderEnd, 1)
    case .reqCompletedOrders:
      for order in gateway.brokerage.completedOrders { out.sendCompleted(order) }
      out.send(.completedOrdersEnd)
    default:
      try sendExecutions(&reader, gateway, &out)
    }
    return []
  }

  /// Tells what concerns this client: its own orders.
  func tell(_ event: Brokerage.Event, _ out: inout Outbox) {
    switch event {
    case .order(let order):
      if order.key.clientID == clientID { out.send(order) }
    case .execution(let execution):
      if execution.order.key.clientID == clientID { out.send(execution, requestID: -1) }
    case .refusal(let key, let refusal):
      if key.clientID == clientID { out.send(refusal, for: key.orderID) }
    }
  }

  private func sendExecutions(
    _ reader: inout FieldReader, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    try reader.skip()
    let requestID = try reader.integer()
    let client = try reader.integer()
    let account = try reader.string()
    let since = Moment(text: try reader.string())
    let symbol = try reader.string()
    let kind = try reader.string()
    try reader.skip()
    let side = try reader.string()
    for execution in gateway.brokerage.executions {
      let order = execution.order
      guard client == 0 || client == order.key.clientID, account.isEmpty || account == order.account,
        symbol.isEmpty || symbol == order.instrument.symbol, kind.isEmpty || kind == order.instrument.kind.rawValue,
        side.isEmpty || side == order.action.rawValue, since.map({ $0 <= execution.time }) ?? true
      else { continue }
      out.send(execution, requestID: requestID)
    }
    out.send(.executionDataEnd, 1, requestID)
  }

  private func preview(_ request: OrderRequest, at now: Moment, _ gateway: Gateway, _ out: inout Outbox) {
    let quote = gateway.market.quote(request.instrument, at: now)
    let price = request.limit ?? (request.action == .buy ? quote.ask : quote.bid)
    let values = AccountValues(gateway.brokerage.portfolio, gateway.market, at: now)
    let commission = Brokerage.commission(request.instrument, quantity: request.quantity, price: price)
    let rate = gateway.market.dollars(per: request.instrument.currency, at: now)
    let share = request.instrument.kind == .stock ? 0.25 : 0.02
    let margin = price * request.quantity * rate * share
    let order = Order(
      key: Order.Key(clientID: clientID, orderID: request.orderID), permanentID: 0, instrument: request.instrument,
      action: request.action, quantity: request.quantity, kind: request.kind, limit: request.limit, stop: request.stop,
      timeInForce: request.timeInForce, reference: request.reference, account: gateway.brokerage.account,
      status: .preSubmitted)
    let margins = Margins(
      before: [values.margin, values.margin, values.netLiquidation], change: [margin, margin, -commission * rate],
      commission: commission, currency: request.instrument.currency)
    out.sendOpenOrder(order, margins: margins)
  }
}
