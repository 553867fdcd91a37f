/// What an instrument costs at a moment. Prices are counted in the instrument's ticks, so that they compare exactly.
struct Quote: Equatable, Sendable {
  /// Last trade of a stock, and the middle of the market; at least 2, so that every price is positive.
  var lastTicks: Int
  var ticksPerUnit: Int
  var bidSize: Int
  var askSize: Int
  var lastSize: Int

  var bid: Double { Double(lastTicks - 1) / Double(ticksPerUnit) }
  var ask: Double { Double(lastTicks + 1) / Double(ticksPerUnit) }
  var last: Double { Double(lastTicks) / Double(ticksPerUnit) }
}

/// What happened to an instrument's price in a span of time.
struct Bar: Equatable, Sendable {
  var start: Moment
  var open: Double
  var high: Double
  var low: Double
  var close: Double
  /// -1 where the prices are no trades, as the gateway has it; so for `average` and `count`.
  var volume: Int
  var average: Double
  var count: Int
}

/// Of what a bar is made.
enum BarContent: String, Sendable {
  case trades = "TRADES"
  case adjustedLast = "ADJUSTED_LAST"
  case midpoint = "MIDPOINT"
  case bid = "BID"
  case ask = "ASK"
  case bidAsk = "BID_ASK"

  var isTrades: Bool { self == .trades || self == .adjustedLast }
}
