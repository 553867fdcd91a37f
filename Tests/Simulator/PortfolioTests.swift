import Testing

@testable import Simulator

@Suite struct PortfolioTests {
  private let apple = Instrument.all[0]
  private let euro = Instrument.all.first { $0.localSymbol == "EUR.USD" }!

  @Test func `a purchase costs its price and commission`() throws {
    var portfolio = Portfolio(dollars: 1_000)
    #expect(portfolio.book(apple, .buy, quantity: 4, price: 100, commission: 1) == nil)
    let position = try #require(portfolio.positions[apple.contractID])
    #expect(position.quantity == 4)
    #expect(position.averageCost == 100.25)
    #expect(portfolio.cash["USD"] == 599)
  }

  @Test func `selling more than is held turns the position around`() throws {
    var portfolio = Portfolio(dollars: 0)
    _ = portfolio.book(apple, .buy, quantity: 10, price: 100, commission: 0)
    #expect(portfolio.book(apple, .sell, quantity: 14, price: 110, commission: 3.5) == 97.5)
    let position = try #require(portfolio.positions[apple.contractID])
    #expect(position.quantity == -4)
    #expect(position.averageCost == 109.75)
    #expect(position.realized == 97.5)
    #expect(portfolio.book(apple, .buy, quantity: 4, price: 100, commission: 0) == 39)
    #expect(portfolio.positions[apple.contractID]?.quantity == 0)
    #expect(portfolio.positions[apple.contractID]?.averageCost == 0)
  }

  @Test func `a pair's trade changes the money of both currencies`() {
    var portfolio = Portfolio(dollars: 100_000)
    _ = portfolio.book(euro, .buy, quantity: 20_000, price: 1.125, commission: 2)
    #expect(portfolio.cash["EUR"] == 20_000)
    #expect(portfolio.cash["USD"] == 77_498.0)
  }

  @Test func `what an account is worth changes by no more than costs when it trades`() {
    let market = Market(seed: 1)
    let now = Moment(seconds: 1_795_226_871)
    for instrument in Instrument.all {
      var portfolio = Portfolio(dollars: 1_000_000)
      let before = AccountValues(portfolio, market, at: now).netLiquidation
      let quote = market.quote(instrument, at: now)
      _ = portfolio.book(instrument, .buy, quantity: 1_000, price: quote.ask, commission: 2)
      let spread = (quote.ask - quote.last) * 1_000 + 2
      let after = AccountValues(portfolio, market, at: now).netLiquidation
      #expect(before - after >= -0.01 && before - after <= spread * 2 + 0.01)
    }
  }
}

@Suite struct BrokerageTests {
  private let apple = Instrument.all[0]
  private let market = Market(seed: 9)
  private let now = Moment(seconds: 1_795_226_871)

  private func request(
    _ id: Int, _ kind: Order.Kind, limit: Double? = nil, stop: Double? = nil, _ action: Order.Action = .buy,
    _ time: Order.TimeInForce = .day
  ) -> OrderRequest {
    OrderRequest(
      orderID: id, instrument: apple, action: action, quantity: 10, kind: kind, limit: limit, stop: stop,
      timeInForce: time, reference: "", isWhatIf: false)
  }

  private func statuses(_ events: [Brokerage.Event]) -> [Order.Status] {
    events.compactMap { if case .order(let order) = $0 { order.status } else { nil } }
  }

  @Test func `a market order is submitted, then filled at the other side's price`() throws {
    var brokerage = Brokerage(account: "DU1")
    #expect(statuses(brokerage.place(request(1, .market), clientID: 3)) == [.submitted])
    let events = brokerage.advance(to: now, market)
    #expect(statuses(events) == [.filled])
    let execution = try #require(brokerage.executions.first)
    #expect(execution.price == market.quote(apple, at: now).ask)
    #expect(brokerage.advance(to: now, market).isEmpty)
    #expect(brokerage.nextOrderID(for: 3) == 2)
    #expect(brokerage.nextOrderID(for: 4) == 1)
  }

  @Test func `a limit order waits for its price and never pays more`() {
    var brokerage = Brokerage(account: "DU1")
    let quote = market.quote(apple, at: now)
    _ = brokerage.place(request(1, .limit, limit: quote.bid - 5), clientID: 1)
    #expect(brokerage.advance(to: now, market).isEmpty)
    #expect(statuses(brokerage.place(request(1, .limit, limit: quote.ask + 5), clientID: 1)) == [.submitted])
    #expect(statuses(brokerage.advance(to: now, market)) == [.filled])
    #expect(brokerage.executions.first?.price == quote.ask)
  }

  @Test func `a stop order waits until the market has come to it`() {
    var brokerage = Brokerage(account: "DU1")
    let quote = market.quote(apple, at: now)
    #expect(statuses(brokerage.place(request(1, .stop, stop: quote.last + 5), clientID: 1)) == [.preSubmitted])
    #expect(brokerage.advance(to: now, market).isEmpty)
    _ = brokerage.place(request(2, .stop, stop: quote.last), clientID: 1)
    #expect(statuses(brokerage.advance(to: now, market)) == [.submitted, .filled])
  }

  @Test func `an immediate order that finds no price is cancelled`() {
    var brokerage = Brokerage(account: "DU1")
    let quote = market.quote(apple, at: now)
    _ = brokerage.place(request(1, .limit, limit: quote.bid - 1, .buy, .immediate), clientID: 1)
    #expect(statuses(brokerage.advance(to: now, market)) == [.cancelled])
  }

  @Test func `orders that are done cannot be cancelled, changed or placed again`() {
    var brokerage = Brokerage(account: "DU1")
    let key = Order.Key(clientID: 1, orderID: 1)
    func code(_ events: [Brokerage.Event]) -> Int? {
      if case .refusal(_, let refusal) = events.last { refusal.code } else { nil }
    }
    #expect(code(brokerage.cancel(key, now: now)) == 10_147)
    _ = brokerage.place(request(1, .limit, limit: 1), clientID: 1)
    #expect(code(brokerage.place(request(1, .limit, limit: 1, .sell), clientID: 1)) == 103)
    #expect(code(brokerage.cancel(key, now: now)) == 202)
    #expect(code(brokerage.cancel(key, now: now)) == 10_148)
    #expect(code(brokerage.place(request(1, .market), clientID: 1)) == 103)
    #expect(brokerage.openOrders().isEmpty)
    #expect(brokerage.completedOrders.map(\.status) == [.cancelled])
  }

  @Test func `the same order id of two clients means two orders`() {
    var brokerage = Brokerage(account: "DU1")
    _ = brokerage.place(request(1, .limit, limit: 1), clientID: 1)
    _ = brokerage.place(request(1, .limit, limit: 2), clientID: 2)
    #expect(brokerage.openOrders(of: 1).count == 1)
    #expect(brokerage.openOrders().count == 2)
    #expect(brokerage.cancelAll(now: now).count == 4)
    #expect(brokerage.openOrders().isEmpty)
  }
}
