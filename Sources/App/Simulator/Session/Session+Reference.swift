import TWSProtocol

/// What the gateway knows about contracts and itself; and the answer to all that the simulator does not do.
extension Session {
  func answerReference(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    switch kind {
    case .reqContractDetails:
      try sendContracts(&reader, at: now, gateway, &out)
    case .reqMatchingSymbols:
      try sendSymbols(&reader, gateway, &out)
    case .reqMarketRule:
      let rule = try reader.integer()
      guard let instrument = Instrument.all.first(where: { $0.marketRule == rule }) else {
        throw RequestRefusal.invalid("Invalid market rule")
      }
      out.send(.marketRule, rule, 1, 0, instrument.minimumTick)
    case .reqSecDefOptParams:
      out.send(.securityDefinitionOptionParameterEnd, try reader.integer())
    case .reqSoftDollarTiers:
      out.send(.softDollarTiers, try reader.integer(), 0)
    case .reqUserInfo:
      out.send(.userInfo, try reader.integer(), "")
    case .queryDisplayGroups:
      try reader.skip()
      out.send(.displayGroupList, 1, try reader.integer(), "")
    case .reqMktDepthExchanges:
      out.send(.marketDepthExchanges, 0)
    case .reqNewsProviders:
      out.send(.newsProviders, 0)
    case .reqScannerParameters:
      out.send(.scannerParameters, 1, "<ScanParameterResponse/>")
    case .cancelMktDepth, .cancelScannerSubscription, .cancelFundamentalData, .cancelCalculateImpliedVolatility,
      .cancelCalculateOptionPrice, .cancelHistogramData, .cancelWshMetaData, .cancelWshEventData,
      .unsubscribeFromGroupEvents:
      break
    default:
      throw RequestRefusal.unsupported("\(kind)")
    }
  }

  private func sendContracts(
    _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    try reader.skip()
    let id = try reader.integer()
    let matches = try ContractQuery(&reader).matches
    guard gateway.isLinked else { throw RequestRefusal.notConnected }
    guard !matches.isEmpty else { throw RequestRefusal.noSecurityDefinition }
    for instrument in matches { send(instrument, for: id, at: now, &out) }
    out.send(.contractDataEnd, 1, id)
  }

  private func send(_ instrument: Instrument, for id: Int, at now: Moment, _ out: inout Outbox) {
    let isStock = instrument.kind == .stock
    var writer = FieldWriter(ResponseKind.contractData)
    if version < ServerVersion.sizeRules { writer.add(8) }
    writer.add(id)
    writer.add(instrument.symbol)
    writer.add(instrument.kind.rawValue)
    writer.addEmpty(version >= 182 ? 2 : 1)  // last trade dates
    writer.add(0)  // strike
    writer.addEmpty(1)  // right
    writer.add(instrument.exchange)
    writer.add(instrument.currency)
    writer.add(instrument.localSymbol)
    writer.add(instrument.tradingClass)
    writer.add(instrument.tradingClass)
    writer.add(instrument.contractID)
    writer.add(instrument.minimumTick)
    if version < ServerVersion.sizeRules { writer.add(1) }
    writer.addEmpty(1)  // multiplier
    writer.add("DAY,GTC,IOC,LMT,MKT,STP,STPLMT,WHATIF")
    writer.add(instrument.exchanges.joined(separator: ","))
    writer.add(1)  // priceMagnifier
    writer.add(0)  // underConId
    writer.add(instrument.name)
    writer.add(isStock ? instrument.primaryExchange : "")
    writer.addEmpty(4)  // contractMonth, industry, category, subcategory
    writer.add("UTC")
    let hours = Self.hours(at: now)
    writer.add(hours)
    writer.add(hours)
    writer.addEmpty(2)  // evRule, evMultiplier
    writer.add(0)  // secIdList
    writer.add(isStock ? 1 : 4)  // aggGroup
    writer.addEmpty(2)  // underSymbol, underSecType
    writer.add(instrument.exchanges.map { _ in String(instrument.marketRule) }.joined(separator: ","))
    writer.addEmpty(1)  // realExpirationDate
    writer.add(isStock ? (instrument.primaryExchange == "ARCA" ? "ETF" : "COMMON") : "")
    if version == 163 { writer.add(1) }
    if version >= ServerVersion.sizeRules { for size in [1, 1, isStock ? 100 : 1] { writer.add(size) } }
    if version >= 186 { writer.add(0) }  // ineligibility reasons
    out.send(writer)
  }

  /// The next days, each open from midnight to midnight.
  private static func hours(at now: Moment) -> String {
    (0..<6).map { day in
      let start = now.midnight.adding(seconds: day * 86_400)
      return "\(start.dateText):0000-\(start.adding(seconds: 86_400).dateText):0000"
    }
    .joined(separator: ";")
  }

  private func sendSymbols(_ reader: inout FieldReader, _ gateway: Gateway, _ out: inout Outbox) throws {
    let id = try reader.integer()
    let pattern = try reader.string().uppercased()
    guard gateway.isLinked else { throw RequestRefusal.notConnected }
    let found = Instrument.all.filter { instrument in
      guard !pattern.isEmpty else { return false }
      return instrument.symbol.hasPrefix(pattern)
        || instrument.name.uppercased().split(separator: " ").contains { $0 == pattern }
    }
    var writer = FieldWriter(ResponseKind.symbolSamples)
    writer.add(id)
    writer.add(min(found.count, 16))
    for instrument in found.prefix(16) {
      writer.add(instrument.contractID)
      writer.add(instrument.symbol)
      writer.add(instrument.kind.rawValue)
      writer.add(instrument.primaryExchange)
      writer.add(instrument.currency)
      writer.add(0)  // kinds of derivatives
      if version >= 176 {
        writer.add(instrument.name)
        writer.addEmpty(1)
      }
    }
    out.send(writer)
  }
}
