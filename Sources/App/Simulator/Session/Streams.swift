/// A subscription of reqMktData, and what its client has been told so far.
struct QuoteStream: Sendable {
  var instrument: Instrument
  var told: Quote?
  var toldDay: DaySummary?
}

/// The day's figures that come with a quote.
struct DaySummary: Equatable, Sendable {
  var open: Double
  var high: Double
  var low: Double
  /// Of the day before.
  var close: Double
  var volume: Int

  init(_ instrument: Instrument, _ market: Market, at now: Moment) {
    let content: BarContent = instrument.kind == .stock ? .trades : .midpoint
    let day = market.bar(
      instrument, from: now.midnight, to: Moment(milliseconds: max(now.milliseconds, now.midnight.milliseconds) + 1),
      of: content)
    open = day.open
    high = day.high
    low = day.low
    volume = max(0, day.volume)
    close = market.quote(instrument, at: Moment(milliseconds: now.midnight.milliseconds - 1)).last
  }
}

/// A subscription of reqTickByTickData.
struct TickByTickStream: Sendable {
  enum Kind: String, Sendable {
    case last = "Last"
    case allLast = "AllLast"
    case bidAsk = "BidAsk"
    case midPoint = "MidPoint"

    var number: Int {
      switch self {
      case .last: 1
      case .allLast: 2
      case .bidAsk: 3
      case .midPoint: 4
      }
    }
  }

  var instrument: Instrument
  var kind: Kind
  var told: Quote?
}

/// A subscription whose bars come as time goes by: reqRealTimeBars, or reqHistoricalData with keepUpToDate.
struct BarStream: Sendable {
  var instrument: Instrument
  var content: BarContent
  var span: BarSpan
  /// Nil for real-time bars, which are told once they are complete; otherwise how to write the time of the growing bar.
  var dates: DateStyle?
  /// Up to when the bars have been told.
  var toldUntil: Moment
}

/// How a client wants the times of bars: reqHistoricalData's formatDate.
enum DateStyle: Sendable {
  case text
  case seconds

  func text(_ start: Moment, _ span: BarSpan, version: Int) -> String {
    if span.isDaily { return start.dateText }
    return self == .seconds ? String(start.seconds) : start.text(version: version)
  }
}
