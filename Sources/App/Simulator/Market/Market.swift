import Glibc

/// The simulated exchange: prices and volumes as a pure function of seed, instrument and time. Ticks and bars of any size are
/// read from the same walk, so they agree with each other, and repeat for the same seed.
struct Market: Sendable {
  /// How often prices change: IBKR samples its streams about four times per second too.
  static let stepsPerSecond = 4
  static let stepsPerDay = 86_400 * stepsPerSecond
  /// Before this there is no data.
  static let opening = Moment(seconds: 1_577_836_800)

  let seed: UInt64
  private let tapes: [Int: Tape]

  private struct Tape: Sendable {
    var path: RandomPath
    var volume: VolumeCascade
    var sizes: Noise
  }

  init(seed: UInt64) {
    self.seed = seed
    tapes = Dictionary(
      uniqueKeysWithValues: Instrument.all.map { instrument in
        let name = instrument.localSymbol
        let deviation = instrument.dailyDeviation / Double(Self.stepsPerDay).squareRoot()
        let tape = Tape(
          path: RandomPath(noise: Noise(seed: seed, name: "price " + name), deviation: deviation),
          volume: VolumeCascade(
            noise: Noise(seed: seed, name: "volume " + name), perDay: instrument.dailyVolume,
            stepsPerDay: Self.stepsPerDay),
          sizes: Noise(seed: seed, name: "size " + name))
        return (instrument.contractID, tape)
      })
  }

  func quote(_ instrument: Instrument, at moment: Moment) -> Quote {
    let tape = tape(instrument)
    let step = Self.step(moment)
    let lot = instrument.kind == .stock ? 100 : 500_000
    let bits = tape.sizes.bits(0, step / Self.stepsPerSecond)
    let traded = tape.volume.total(before: step + 1) - tape.volume.total(before: step)
    return Quote(
      lastTicks: ticks(instrument, tape.path.value(at: step)), ticksPerUnit: instrument.ticksPerUnit,
      bidSize: lot * (1 + Int(bits & 15)), askSize: lot * (1 + Int(bits >> 4 & 15)), lastSize: max(1, traded))
  }

  /// The bar of the time from `start` up to `end`, which is not part of it.
  func bar(_ instrument: Instrument, from start: Moment, to end: Moment, of content: BarContent) -> Bar {
    let tape = tape(instrument)
    let first = Self.step(start)
    let last = max(first, Self.step(Moment(milliseconds: end.milliseconds - 1)))
    let extremes = tape.path.extremes(first...last)
    let unit = Double(instrument.ticksPerUnit)
    func price(_ value: Double, _ shift: Int) -> Double { Double(ticks(instrument, value) + shift) / unit }
    let shifts = content.shifts
    var bar = Bar(
      start: start, open: price(tape.path.value(at: first), shifts.open), high: price(extremes.high, shifts.high),
      low: price(extremes.low, shifts.low), close: price(tape.path.value(at: last), shifts.close),
      volume: -1, average: -1, count: -1)
    if content.isTrades {
      let before = tape.volume.total(before: first)
      let after = tape.volume.total(before: last + 1)
      bar.volume = after - before
      bar.count = after / 75 - before / 75
      bar.average = ((bar.open + bar.high + bar.low + bar.close) / 4 * unit * 10).rounded() / (unit * 10)
    }
    return bar
  }

  /// What one unit of a currency is worth in dollars.
  func dollars(per currency: String, at moment: Moment) -> Double {
    for pair in Instrument.all where pair.kind == .currencyPair && currency != "USD" {
      if pair.symbol == currency { return quote(pair, at: moment).last }
      if pair.currency == currency { return 1 / quote(pair, at: moment).last }
    }
    return 1
  }

  private static func step(_ moment: Moment) -> Int { moment.milliseconds * stepsPerSecond / 1_000 }

  private func tape(_ instrument: Instrument) -> Tape {
    guard let tape = tapes[instrument.contractID] else { fatalError("no tape for \(instrument.symbol)") }
    return tape
  }

  private func ticks(_ instrument: Instrument, _ value: Double) -> Int {
    max(2, Int((instrument.price * exp(value) * Double(instrument.ticksPerUnit)).rounded()))
  }
}

extension BarContent {
  /// By how many ticks each of a bar's prices lies beside the last trade.
  fileprivate var shifts: (open: Int, high: Int, low: Int, close: Int) {
    switch self {
    case .trades, .adjustedLast, .midpoint: (0, 0, 0, 0)
    case .bid: (-1, -1, -1, -1)
    case .ask: (1, 1, 1, 1)
    case .bidAsk: (-1, 1, -1, 1)
    }
  }
}
