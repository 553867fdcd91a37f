import Testing

@testable import Simulator

@Suite struct MarketTests {
  private let market = Market(seed: 42)
  private let apple = Instrument.all[0]
  private let noon = Moment(seconds: 1_795_262_400)

  @Test func `the same seed repeats and another one differs`() {
    let again = Market(seed: 42)
    let other = Market(seed: 43)
    for instrument in Instrument.all {
      let bar = market.bar(instrument, from: noon, to: noon.adding(seconds: 3_600), of: .midpoint)
      #expect(again.bar(instrument, from: noon, to: noon.adding(seconds: 3_600), of: .midpoint) == bar)
      #expect(other.bar(instrument, from: noon, to: noon.adding(seconds: 3_600), of: .midpoint) != bar)
    }
  }

  @Test(arguments: Instrument.all)
  func `quotes are plausible at any time`(instrument: Instrument) {
    for day in stride(from: 0, to: 3_650, by: 13) {
      let quote = market.quote(instrument, at: Market.opening.adding(seconds: day * 86_400 + day * 17))
      #expect(0 < quote.bid && quote.bid < quote.last && quote.last < quote.ask)
      #expect(quote.bidSize > 0 && quote.askSize > 0 && quote.lastSize > 0)
      #expect((instrument.price / 10...instrument.price * 10).contains(quote.last))
    }
  }

  @Test func `a bar is what its ticks were`() {
    let end = noon.adding(seconds: 60)
    let bar = market.bar(apple, from: noon, to: end, of: .trades)
    let ticks = stride(from: noon.milliseconds, to: end.milliseconds, by: 250).map {
      market.quote(apple, at: Moment(milliseconds: $0)).last
    }
    #expect(bar.open == ticks.first)
    #expect(bar.close == ticks.last)
    #expect(bar.high == ticks.max())
    #expect(bar.low == ticks.min())
  }

  @Test(arguments: [BarContent.trades, .bid, .ask, .midpoint])
  func `larger bars are made of smaller ones`(content: BarContent) {
    let day = market.bar(apple, from: noon.midnight, to: noon.midnight.adding(seconds: 86_400), of: content)
    let minutes = (0..<1_440).map {
      let start = noon.midnight.adding(seconds: $0 * 60)
      return market.bar(apple, from: start, to: start.adding(seconds: 60), of: content)
    }
    #expect(day.open == minutes.first?.open)
    #expect(day.close == minutes.last?.close)
    #expect(day.high == minutes.map(\.high).max())
    #expect(day.low == minutes.map(\.low).min())
    if content == .trades {
      #expect(day.volume == minutes.reduce(0) { $0 + $1.volume })
      #expect(day.count == minutes.reduce(0) { $0 + $1.count })
      #expect(day.volume > 1_000_000)
    } else {
      #expect(day.volume == -1 && day.average == -1 && day.count == -1)
    }
  }

  @Test func `every bar lies between its extremes`() {
    for hour in 0..<500 {
      let start = noon.adding(seconds: -hour * 3_600)
      for content in [BarContent.trades, .bidAsk, .bid, .ask] {
        let bar = market.bar(apple, from: start, to: start.adding(seconds: 3_600), of: content)
        #expect(bar.low <= min(bar.open, bar.close) && max(bar.open, bar.close) <= bar.high)
        if content == .trades { #expect((bar.low...bar.high).contains(bar.average) && bar.volume > 0) }
      }
    }
  }

  @Test func `extremes found by bounds are those found by looking everywhere`() {
    for seed in 0..<20 {
      let path = RandomPath(noise: Noise(seed: UInt64(seed), name: "test"), deviation: 0.001)
      let start = 7_000_000_000 + seed * 1_234_567
      let values = (start...start + 3_000).map(path.value)
      let (low, high) = path.extremes(start...start + 3_000)
      #expect(low == values.min())
      #expect(high == values.max())
    }
  }

  @Test func `extremes hold across the border of two topmost spans`() {
    let path = RandomPath(noise: Noise(seed: 5, name: "test"), deviation: 0.001)
    let border = 13 << RandomPath.topLevel
    let values = (border - 500...border + 500).map(path.value)
    let (low, high) = path.extremes(border - 500...border + 500)
    #expect(low == values.min())
    #expect(high == values.max())
  }

  @Test func `a day's change is as large as it should be`() {
    let changes = (0..<2_000).map { day -> Double in
      let start = Market.opening.adding(seconds: day * 86_400)
      let bar = market.bar(apple, from: start, to: start.adding(seconds: 86_400), of: .trades)
      return (bar.close - bar.open) / bar.open
    }
    let deviation = (changes.reduce(0) { $0 + $1 * $1 } / Double(changes.count)).squareRoot()
    #expect((0.009...0.015).contains(deviation))
  }

  @Test func `the currencies of all instruments have a worth`() {
    #expect(market.dollars(per: "USD", at: noon) == 1)
    #expect((0.7...1.7).contains(market.dollars(per: "EUR", at: noon)))
    #expect((0.004...0.01).contains(market.dollars(per: "JPY", at: noon)))
  }

  @Test func `no two instruments share an id`() {
    #expect(Set(Instrument.all.map(\.contractID)).count == Instrument.all.count)
  }
}
