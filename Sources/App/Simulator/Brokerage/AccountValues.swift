/// What the account is worth, in dollars.
struct AccountValues: Equatable, Sendable {
  var cash: Double
  var stocks: Double
  var grossStocks: Double
  var unrealized: Double
  var realized: Double

  init(_ portfolio: Portfolio, _ market: Market, at now: Moment) {
    cash = portfolio.cash.reduce(0) { $0 + $1.value * market.dollars(per: $1.key, at: now) }
    stocks = 0
    grossStocks = 0
    unrealized = 0
    realized = 0
    for position in portfolio.positions.values {
      let valued = PositionValue(position, market, at: now)
      let rate = market.dollars(per: position.instrument.currency, at: now)
      unrealized += valued.unrealized * rate
      realized += position.realized * rate
      if position.instrument.kind == .stock {
        stocks += valued.value * rate
        grossStocks += valued.value.magnitude * rate
      }
    }
  }

  var netLiquidation: Double { cash + stocks }
  /// A quarter of what is held, as under Regulation T's maintenance margin.
  var margin: Double { grossStocks / 4 }

  /// Key, value and currency, as clients know them.
  func entries(account: String) -> [(key: String, value: String, currency: String)] {
    let available = netLiquidation - margin
    let amounts: [(String, Double)] = [
      ("AvailableFunds", available), ("BuyingPower", available * 4), ("EquityWithLoanValue", netLiquidation),
      ("ExcessLiquidity", available), ("FullAvailableFunds", available), ("FullExcessLiquidity", available),
      ("FullInitMarginReq", margin), ("FullMaintMarginReq", margin), ("GrossPositionValue", grossStocks),
      ("InitMarginReq", margin), ("MaintMarginReq", margin), ("NetLiquidation", netLiquidation),
      ("StockMarketValue", stocks), ("TotalCashBalance", cash), ("TotalCashValue", cash), ("CashBalance", cash),
      ("UnrealizedPnL", unrealized), ("RealizedPnL", realized),
    ]
    let texts = [("AccountCode", account, ""), ("AccountType", "INDIVIDUAL", ""), ("AccountReady", "true", "")]
    return texts.map { (key: $0.0, value: $0.1, currency: $0.2) }
      + amounts.map { (key: $0.0, value: $0.1.text(places: 2), currency: "USD") }
  }
}

/// What a position is worth, in its instrument's currency.
struct PositionValue: Equatable, Sendable {
  var price: Double
  var value: Double
  var unrealized: Double

  init(_ position: Portfolio.Position, _ market: Market, at now: Moment) {
    price = market.quote(position.instrument, at: now).last
    value = price * position.quantity
    unrealized = (price - position.averageCost) * position.quantity
  }
}
