import TWSProtocol

/// Market data that comes by itself: quotes, ticks and real-time bars.
extension Session {
  mutating func answerStreams(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    switch kind {
    case .reqMarketDataType:
      break
    case .cancelMktData:
      try reader.skip()
      let id = try reader.integer()
      guard quotes.removeValue(forKey: id) != nil else {
        throw RequestRefusal(code: 300, text: "Can't find EId with tickerId:\(id)")
      }
    case .cancelTickByTickData:
      tickByTick[try reader.integer()] = nil
    case .cancelRealTimeBars:
      try reader.skip()
      bars[try reader.integer()] = nil
    case .reqMktData:
      try subscribeQuotes(&reader, at: now, gateway, &out)
    case .reqTickByTickData:
      let id = try reader.integer()
      let instrument = try ContractQuery(&reader).instrument()
      guard let kind = TickByTickStream.Kind(rawValue: try reader.string()) else {
        throw RequestRefusal.invalid("Invalid tick type")
      }
      guard gateway.isLinked else { throw RequestRefusal.notConnected }
      guard instrument.kind == .stock || kind == .bidAsk || kind == .midPoint else {
        throw RequestRefusal(code: 10_189, text: "Failed to request tick-by-tick data:No trades for currency pairs")
      }
      tickByTick[id] = TickByTickStream(instrument: instrument, kind: kind)
    default:
      try reader.skip()
      let id = try reader.integer()
      let instrument = try ContractQuery(&reader).instrument()
      try reader.skip()
      let content = try Self.content(try reader.string(), instrument)
      guard gateway.isLinked else { throw RequestRefusal.notConnected }
      let span = BarSpan.seconds(5)
      bars[id] = BarStream(
        instrument: instrument, content: content, span: span, dates: nil, toldUntil: span.start(of: now))
    }
  }

  /// Of what bars are to be made; trades of what has none are refused as the gateway does.
  static func content(_ text: String, _ instrument: Instrument) throws -> BarContent {
    guard let content = BarContent(rawValue: text) else { throw RequestRefusal.unsupported("this kind of bars") }
    guard instrument.kind == .stock || !content.isTrades else {
      throw RequestRefusal.historical(
        "No historical market data for \(instrument.symbol)/CASH@\(instrument.exchange) Last 1")
    }
    return content
  }

  /// Tells what has changed.
  mutating func advance(to now: Moment, _ gateway: Gateway, _ out: inout Outbox) {
    guard gateway.isLinked else { return }
    for id in quotes.keys.sorted() {
      guard var stream = quotes[id] else { continue }
      tell(&stream, id, at: now, gateway, &out)
      quotes[id] = stream
    }
    for id in tickByTick.keys.sorted() {
      guard var stream = tickByTick[id] else { continue }
      tell(&stream, id, at: now, gateway, &out)
      tickByTick[id] = stream
    }
    for id in bars.keys.sorted() {
      guard var stream = bars[id] else { continue }
      tell(&stream, id, at: now, gateway, &out)
      bars[id] = stream
    }
    if now.milliseconds % 1_000 < 1_000 / Market.stepsPerSecond { tellProfits(at: now, gateway, &out) }
  }

  private mutating func subscribeQuotes(
    _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    try reader.skip()
    let id = try reader.integer()
    let contract = try ContractQuery(&reader)
    guard contract.kind != "BAG" else { throw RequestRefusal.unsupported("market data for combinations") }
    let instrument = try contract.instrument()
    guard try !reader.flag() else { throw RequestRefusal.unsupported("delta-neutral contracts") }
    try reader.skip()
    let isSnapshot = try reader.flag()
    guard gateway.isLinked else { throw RequestRefusal.notConnected }
    guard quotes[id] == nil else { throw RequestRefusal(code: 102, text: "Duplicate ticker ID.") }
    out.send(.tickRequestParameters, id, instrument.minimumTick, instrument.kind == .stock ? "9c0001" : "", 3)
    out.send(.marketDataType, 1, id, 1)
    var stream = QuoteStream(instrument: instrument)
    tell(&stream, id, at: now, gateway, &out)
    if isSnapshot {
      out.send(.tickSnapshotEnd, 1, id)
    } else {
      quotes[id] = stream
    }
  }

  private func tell(
    _ stream: inout QuoteStream, _ id: Int, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) {
    let quote = gateway.market.quote(stream.instrument, at: now)
    let day = DaySummary(stream.instrument, gateway.market, at: now)
    let told = stream.told
    let isStock = stream.instrument.kind == .stock
    func price(_ type: Int, _ value: Double, _ size: Int) { out.send(.tickPrice, 6, id, type, value, size, 0) }
    func size(_ type: Int, _ value: Int) { out.send(.tickSize, 6, id, type, value) }

    if told?.bid != quote.bid { price(1, quote.bid, quote.bidSize) }
    if told?.ask != quote.ask { price(2, quote.ask, quote.askSize) }
    if told?.bidSize != quote.bidSize { size(0, quote.bidSize) }
    if told?.askSize != quote.askSize { size(3, quote.askSize) }
    if isStock {
      if told?.last != quote.last {
        out.send(.tickString, 6, id, 45, String(now.seconds))
        price(4, quote.last, quote.lastSize)
      }
      if told?.lastSize != quote.lastSize { size(5, quote.lastSize) }
      if stream.toldDay?.volume != day.volume { size(8, day.volume) }
      if stream.toldDay?.open != day.open { price(14, day.open, 0) }
    }
    if stream.toldDay?.high != day.high { price(6, day.high, 0) }
    if stream.toldDay?.low != day.low { price(7, day.low, 0) }
    if stream.toldDay?.close != day.close { price(9, day.close, 0) }
    stream.told = quote
    stream.toldDay = day
  }

  private func tell(
    _ stream: inout TickByTickStream, _ id: Int, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) {
    let quote = gateway.market.quote(stream.instrument, at: now)
    guard quote != stream.told else { return }
    let isNewPrice = stream.told?.lastTicks != quote.lastTicks
    stream.told = quote
    switch stream.kind {
    case .last, .allLast:
      out.send(
        .tickByTick, id, stream.kind.number, now.seconds, quote.last, quote.lastSize, 0,
        stream.instrument.primaryExchange, "")
    case .bidAsk:
      out.send(.tickByTick, id, 3, now.seconds, quote.bid, quote.ask, quote.bidSize, quote.askSize, 0)
    case .midPoint:
      if isNewPrice { out.send(.tickByTick, id, 4, now.seconds, quote.last) }
    }
  }

  private func tell(
    _ stream: inout BarStream, _ id: Int, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) {
    guard let dates = stream.dates else {
      let end = stream.span.start(of: now)
      guard end > stream.toldUntil else { return }
      let bar = gateway.market.bar(
        stream.instrument, from: end.adding(seconds: -5), to: end, of: stream.content)
      stream.toldUntil = end
      return out.send(
        .realTimeBar, 3, id, bar.start.seconds, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.average,
        bar.count)
    }
    // The growing bar, about once per second; a bar that has ended since is told a last time.
    guard now.milliseconds - stream.toldUntil.milliseconds >= 1_000 else { return }
    let current = stream.span.start(of: now)
    let previous = stream.span.start(of: stream.toldUntil)
    stream.toldUntil = now
    var spans = [(current, now)]
    if previous < current { spans.insert((previous, stream.span.next(after: previous)), at: 0) }
    for (start, end) in spans {
      let bar = gateway.market.bar(
        stream.instrument, from: start, to: max(end, Moment(milliseconds: start.milliseconds + 1)), of: stream.content)
      out.send(
        .historicalDataUpdate, id, bar.count, dates.text(start, stream.span, version: version), bar.open, bar.close,
        bar.high, bar.low, bar.average, bar.volume)
    }
  }
}
