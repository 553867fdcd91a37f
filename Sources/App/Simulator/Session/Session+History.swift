import TWSProtocol

/// The past: bars and ticks. The simulated exchange never closes, so "regular hours only" leaves nothing out.
extension Session {
  /// The most bars in one answer: a frame of a few megabytes.
  static let mostBars = 50_000
  private static let mostTicks = 1_000

  mutating func answerHistory(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    switch kind {
    case .cancelHistoricalData:
      try reader.skip()
      let id = try reader.integer()
      guard bars.removeValue(forKey: id) != nil else {
        throw RequestRefusal(code: 366, text: "No historical data query found for ticker id:\(id)")
      }
    case .cancelHeadTimeStamp:
      break
    case .reqHeadTimeStamp:
      let id = try reader.integer()
      let instrument = try ContractQuery(&reader).instrument()
      try reader.skip(2)
      _ = try Self.content(try reader.string(), instrument)
      let style: DateStyle = try reader.integer() == 2 ? .seconds : .text
      guard gateway.isLinked else { throw RequestRefusal.notConnected }
      out.send(.headTimestamp, id, style.text(Market.opening, .seconds(1), version: version))
    case .reqHistoricalTicks:
      try sendTicks(&reader, at: now, gateway, &out)
    default:
      try sendBars(&reader, at: now, gateway, &out)
    }
  }

  private mutating func sendBars(
    _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    let id = try reader.integer()
    let contract = try ContractQuery(&reader)
    try reader.skip()
    let endText = try reader.string()
    guard contract.kind != "BAG" else { throw RequestRefusal.unsupported("bars of combinations") }
    guard let span = BarSpan(text: try reader.string()) else { throw RequestRefusal.invalid("Invalid bar size") }
    guard let duration = HistoryDuration(text: try reader.string()) else {
      throw RequestRefusal.invalid("Invalid duration")
    }
    try reader.skip()
    let contentText = try reader.string()
    let style: DateStyle = try reader.integer() == 2 ? .seconds : .text
    let keepsUpToDate = try reader.flag()

    let instrument = try contract.instrument()
    let content = try Self.content(contentText, instrument)
    guard gateway.isLinked else { throw RequestRefusal.notConnected }
    guard !keepsUpToDate || endText.isEmpty else {
      throw RequestRefusal.invalid("An end date cannot be kept up to date")
    }
    let end = try min(now, Self.moment(endText) ?? now)
    let start = max(Market.opening, duration.start(before: end))
    guard start < end else {
      throw RequestRefusal(
        code: 162,
        text: "Historical Market Data Service error message:HMDS query returned no data: "
          + "\(instrument.localSymbol)@\(instrument.exchange)")
    }
    let starts = try Self.starts(of: span, from: start, to: end)
    var writer = FieldWriter(ResponseKind.historicalData)
    writer.add(id)
    writer.add(start.text(version: version))
    writer.add(end.text(version: version))
    writer.add(starts.count)
    for start in starts {
      let bar = gateway.market.bar(instrument, from: start, to: min(end, span.next(after: start)), of: content)
      writer.add(style.text(start, span, version: version))
      for price in [bar.open, bar.high, bar.low, bar.close] { writer.add(price) }
      writer.add(bar.volume)
      writer.add(bar.average)
      writer.add(bar.count)
    }
    out.send(writer)
    if keepsUpToDate {
      bars[id] = BarStream(instrument: instrument, content: content, span: span, dates: style, toldUntil: now)
    }
  }

  /// The bars that begin in the time asked for; where it is shorter than a bar, the bar that it ends in.
  private static func starts(of span: BarSpan, from start: Moment, to end: Moment) throws -> [Moment] {
    var starts: [Moment] = []
    var next = span.start(of: start)
    if next < start { next = span.next(after: next) }
    while next < end {
      guard starts.count < mostBars else { throw RequestRefusal.historical("Time length exceed max.") }
      starts.append(next)
      next = span.next(after: next)
    }
    return starts.isEmpty ? [span.start(of: Moment(milliseconds: end.milliseconds - 1))] : starts
  }

  /// Nil for an empty text, which means now.
  private static func moment(_ text: String) throws -> Moment? {
    if text.isEmpty { return nil }
    guard let moment = Moment(text: text) else {
      throw RequestRefusal(
        code: 10_314,
        text: "End Date/Time: The date, time, or time-zone entered is invalid. The simulated exchange keeps UTC: "
          + "yyyyMMdd HH:mm:ss UTC or yyyyMMdd-HH:mm:ss")
    }
    return moment
  }

  /// One tick per second at the most, from a start on or up to an end.
  private func sendTicks(
    _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    let id = try reader.integer()
    let instrument = try ContractQuery(&reader).instrument()
    try reader.skip()
    let from = try Self.moment(try reader.string())
    let until = try Self.moment(try reader.string())
    let count = min(max(1, try reader.integer()), Self.mostTicks)
    let contentText = try reader.string()
    let content = try Self.content(contentText, instrument)
    guard gateway.isLinked else { throw RequestRefusal.notConnected }
    guard (from == nil) != (until == nil) else {
      throw RequestRefusal.invalid("Exactly one of start and end time must be given")
    }
    guard content == .trades || content == .midpoint || content == .bidAsk else {
      throw RequestRefusal.invalid("Ticks are TRADES, MIDPOINT or BID_ASK")
    }
    let earliest = from ?? (until ?? now).adding(seconds: -count)
    let first = max(Market.opening, earliest)
    let end = min(now, until ?? now)
    let seconds = (0..<count).map { first.adding(seconds: $0) }.filter { $0 < end }
    let kinds: [BarContent: ResponseKind] = [
      .trades: .historicalTicksLast, .midpoint: .historicalTicks, .bidAsk: .historicalTicksBidAsk,
    ]
    var writer = FieldWriter(kinds[content] ?? .historicalTicks)
    writer.add(id)
    writer.add(seconds.count)
    for second in seconds {
      let quote = gateway.market.quote(instrument, at: second)
      writer.add(second.seconds)
      writer.add(0)
      switch content {
      case .bidAsk:
        for price in [quote.bid, quote.ask] { writer.add(price) }
        for size in [quote.bidSize, quote.askSize] { writer.add(size) }
      case .midpoint:
        writer.add(quote.last)
        writer.add(0)
      default:
        writer.add(quote.last)
        writer.add(quote.lastSize)
        writer.add(instrument.primaryExchange)
        writer.add("")
      }
    }
    writer.add(true)
    out.send(writer)
  }
}
