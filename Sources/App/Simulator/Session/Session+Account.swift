import TWSProtocol

/// The account: its values, its positions, and what they gain.
extension Session {
  mutating func answerAccount(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    switch kind {
    case .reqPositions:
      account.positions = true
      sendPositions(gateway, &out)
    case .cancelPositions:
      account.positions = false
    case .reqFamilyCodes:
      out.send(.familyCodes, 1, gateway.brokerage.account, "")
    case .reqAccountUpdates:
      try reader.skip()
      account.updates = try reader.flag()
      try check(account: reader.string(), gateway)
      if account.updates { sendUpdates(at: now, gateway, &out, isFirst: true) }
    case .reqPnL, .cancelPnL, .reqPnLSingle, .cancelPnLSingle:
      try answerProfits(kind, &reader, at: now, gateway, &out)
    default:
      try answerRequests(kind, &reader, at: now, gateway, &out)
    }
  }

  /// After a trade.
  func tellAccount(at now: Moment, _ gateway: Gateway, _ out: inout Outbox) {
    if account.positions { sendPositions(gateway, &out, isFirst: false) }
    if account.updates { sendUpdates(at: now, gateway, &out, isFirst: false) }
    for id in account.positionRequests.sorted() { sendPositions(request: id, gateway, &out, isFirst: false) }
    for id in account.valueRequests.sorted() { sendValues(request: id, at: now, gateway, &out, isFirst: false) }
    for id in account.summaries.keys.sorted() { sendSummary(request: id, at: now, gateway, &out) }
    tellProfits(at: now, gateway, &out)
  }

  /// What positions gain, as time goes by.
  func tellProfits(at now: Moment, _ gateway: Gateway, _ out: inout Outbox) {
    for id in account.profits.sorted() {
      let values = AccountValues(gateway.brokerage.portfolio, gateway.market, at: now)
      out.send(.profitAndLoss, id, values.unrealized + values.realized, values.unrealized, values.realized)
    }
    for (id, contract) in account.singleProfits.sorted(by: { $0.key < $1.key }) {
      guard let position = gateway.brokerage.portfolio.positions[contract] else { continue }
      let value = PositionValue(position, gateway.market, at: now)
      out.send(
        .profitAndLossSingle, id, position.quantity, value.unrealized + position.realized, value.unrealized,
        position.realized, value.value)
    }
  }

  private mutating func answerProfits(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    let id = try reader.integer()
    switch kind {
    case .reqPnL:
      try check(account: reader.string(), gateway)
      account.profits.insert(id)
      tellProfits(at: now, gateway, &out)
    case .cancelPnL: account.profits.remove(id)
    case .cancelPnLSingle: account.singleProfits[id] = nil
    default:
      try check(account: reader.string(), gateway)
      try reader.skip()
      account.singleProfits[id] = try reader.integer()
      tellProfits(at: now, gateway, &out)
    }
  }

  /// Requests with a version field and an id.
  private mutating func answerRequests(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: Gateway, _ out: inout Outbox
  ) throws {
    try reader.skip()
    let id = try reader.integer()
    switch kind {
    case .reqAccountSummary:
      try reader.skip()
      let tags = try reader.string().split { $0 == "," || $0 == " " }
      account.summaries[id] = Set(tags.map(String.init))
      sendSummary(request: id, at: now, gateway, &out)
    case .cancelAccountSummary: account.summaries[id] = nil
    case .cancelPositionsMulti: account.positionRequests.remove(id)
    case .cancelAccountUpdatesMulti: account.valueRequests.remove(id)
    case .reqPositionsMulti:
      try check(account: reader.string(), gateway)
      account.positionRequests.insert(id)
      sendPositions(request: id, gateway, &out, isFirst: true)
    default:
      try check(account: reader.string(), gateway)
      account.valueRequests.insert(id)
      sendValues(request: id, at: now, gateway, &out, isFirst: true)
    }
  }

  private func check(account: String, _ gateway: Gateway) throws {
    guard account.isEmpty || account == gateway.brokerage.account || account == "All" else {
      throw RequestRefusal.invalid("Invalid account code")
    }
  }

  private func positions(_ gateway: Gateway) -> [Portfolio.Position] {
    gateway.brokerage.portfolio.positions.values.sorted { $0.instrument.contractID < $1.instrument.contractID }
  }

  /// What has been sold is told as a position of zero, but only as news.
  private func sendPositions(_ gateway: Gateway, _ out: inout Outbox, isFirst: Bool = true) {
    for position in positions(gateway) where !isFirst || position.quantity != 0 {
      var writer = FieldWriter(ResponseKind.position)
      writer.add(3)
      writer.add(gateway.brokerage.account)
      out.add(position.instrument, to: &writer)
      writer.add(position.quantity)
      writer.add(position.averageCost)
      out.send(writer)
    }
    if isFirst { out.send(.positionEnd, 1) }
  }

  private func sendPositions(request id: Int, _ gateway: Gateway, _ out: inout Outbox, isFirst: Bool) {
    for position in positions(gateway) where !isFirst || position.quantity != 0 {
      var writer = FieldWriter(ResponseKind.positionMulti)
      writer.add(1)
      writer.add(id)
      writer.add(gateway.brokerage.account)
      out.add(position.instrument, to: &writer)
      writer.add(position.quantity)
      writer.add(position.averageCost)
      writer.add("")
      out.send(writer)
    }
    if isFirst { out.send(.positionMultiEnd, 1, id) }
  }

  private func sendUpdates(at now: Moment, _ gateway: Gateway, _ out: inout Outbox, isFirst: Bool) {
    let brokerage = gateway.brokerage
    let values = AccountValues(brokerage.portfolio, gateway.market, at: now)
    for entry in values.entries(account: brokerage.account) {
      out.send(.accountValue, 2, entry.key, entry.value, entry.currency, brokerage.account)
    }
    for position in positions(gateway) where !isFirst || position.quantity != 0 {
      let instrument = position.instrument
      let value = PositionValue(position, gateway.market, at: now)
      out.send(
        .portfolioValue, 8, instrument.contractID, instrument.symbol, instrument.kind.rawValue, "", 0, "", "",
        instrument.primaryExchange, instrument.currency, instrument.localSymbol, instrument.tradingClass,
        position.quantity, value.price, value.value, position.averageCost, value.unrealized, position.realized,
        brokerage.account)
    }
    out.send(.accountUpdateTime, 1, String(now.timeText.prefix(5)))
    if isFirst { out.send(.accountDownloadEnd, 1, brokerage.account) }
  }

  private func sendValues(request id: Int, at now: Moment, _ gateway: Gateway, _ out: inout Outbox, isFirst: Bool) {
    let brokerage = gateway.brokerage
    let values = AccountValues(brokerage.portfolio, gateway.market, at: now)
    for entry in values.entries(account: brokerage.account) {
      out.send(.accountUpdateMulti, 1, id, brokerage.account, "", entry.key, entry.value, entry.currency)
    }
    if isFirst { out.send(.accountUpdateMultiEnd, 1, id) }
  }

  private func sendSummary(request id: Int, at now: Moment, _ gateway: Gateway, _ out: inout Outbox) {
    let tags = account.summaries[id] ?? []
    let wantsAll = tags.contains { $0.hasPrefix("$LEDGER") } || tags.contains("All")
    let values = AccountValues(gateway.brokerage.portfolio, gateway.market, at: now)
    for entry in values.entries(account: gateway.brokerage.account) where wantsAll || tags.contains(entry.key) {
      out.send(.accountSummary, 1, id, gateway.brokerage.account, entry.key, entry.value, entry.currency)
    }
    out.send(.accountSummaryEnd, 1, id)
  }
}
