import TWSProtocol

/// Orders and trades on the wire. The layouts are those of versions 157 to 187.
extension Outbox {
  /// The order as it stands, and its state.
  mutating func send(_ order: Order) {
    sendOpenOrder(order, margins: nil)
    send(
      .orderStatus, order.key.orderID, order.status.rawValue, order.filled, order.quantity - order.filled,
      order.fillPrice ?? 0, order.permanentID, 0, order.fillPrice ?? 0, order.key.clientID, "", 0)
  }

  /// - Parameter margins: what the order would change; nil except in the answer to a what-if order.
  mutating func sendOpenOrder(_ order: Order, margins: Margins?) {
    var writer = FieldWriter(ResponseKind.openOrder)
    writer.add(order.key.orderID)
    addTerms(order, to: &writer)
    writer.add(order.key.clientID)
    writer.add(order.permanentID)
    addDisplay(to: &writer, hasShares: true)
    addRules(to: &writer, isOpen: true)
    writer.addEmpty(1)  // trailingPercent
    writer.addEmpty(2)  // basisPoints, basisPointsType
    addLegsAndScale(to: &writer)
    writer.addEmpty(1)  // hedgeType
    writer.add(0)  // optOutSmartRouting
    addClearing(to: &writer)
    writer.add(0)  // solicited
    writer.add(margins != nil)
    writer.add(margins == nil ? order.status.rawValue : Order.Status.preSubmitted.rawValue)
    add(margins, to: &writer)
    writer.add(0)  // randomizeSize
    writer.add(0)  // randomizePrice
    writer.add(0)  // conditions
    for field in ["None", "", "", "", "", "", "", "0", "", "", "", "", "0", "0", "0", "0"] { writer.add(field) }
    if version >= 158 { writer.addEmpty(1) }  // duration
    if version >= 160 { writer.addEmpty(1) }  // postToAts
    if version >= 162 { writer.add(0) }  // autoCancelParent
    if version >= 170 { writer.addEmpty(5) }  // offsets of pegged orders
    if version >= 183 { writer.addEmpty(1) }  // customerAccount
    if version >= 184 { writer.add(0) }  // professionalCustomer
    if version >= 185 { writer.addEmpty(1) }  // bondAccruedInterest
    send(writer)
  }

  mutating func sendCompleted(_ order: Order) {
    var writer = FieldWriter(ResponseKind.completedOrder)
    addTerms(order, to: &writer)
    writer.add(order.permanentID)
    addDisplay(to: &writer, hasShares: false)
    addRules(to: &writer, isOpen: false)
    writer.addEmpty(1)  // trailingPercent
    addLegsAndScale(to: &writer)
    writer.addEmpty(1)  // hedgeType
    addClearing(to: &writer)
    writer.add(0)  // solicited
    writer.add(order.status.rawValue)
    for _ in 0..<3 { writer.add(0) }  // randomizeSize, randomizePrice, conditions
    writer.addEmpty(3)  // trailStopPrice, lmtPriceOffset, cashQty
    writer.add(0)  // dontUseAutoPriceForHedge
    writer.add(0)  // isOmsContainer
    writer.addEmpty(1)  // autoCancelDate
    writer.add(order.filled)
    writer.add(0)  // refFuturesConId
    writer.add(0)  // autoCancelParent
    writer.addEmpty(1)  // shareholder
    for _ in 0..<3 { writer.add(0) }  // imbalanceOnly, routeMarketableToBbo, parentPermId
    writer.add(order.ended?.text(version: version) ?? "")
    writer.add(order.status == .filled ? "Filled Size: \(Int(order.filled))" : "Cancelled by Trader")
    if version >= 170 { writer.addEmpty(5) }  // offsets of pegged orders
    if version >= 183 { writer.addEmpty(1) }  // customerAccount
    if version >= 184 { writer.add(0) }  // professionalCustomer
    send(writer)
  }

  /// - Parameter requestID: the request that asked for executions, or -1 for news.
  mutating func send(_ execution: Execution, requestID: Int) {
    let order = execution.order
    let instrument = order.instrument
    var writer = FieldWriter(ResponseKind.executionData)
    writer.add(requestID)
    writer.add(order.key.orderID)
    add(instrument, to: &writer)
    writer.add(execution.id)
    writer.add(execution.time.text(version: version))
    writer.add(order.account)
    writer.add(instrument.primaryExchange)
    writer.add(order.action == .buy ? "BOT" : "SLD")
    writer.add(order.quantity)
    writer.add(execution.price)
    writer.add(order.permanentID)
    writer.add(order.key.clientID)
    writer.add(0)  // liquidation
    writer.add(order.quantity)
    writer.add(execution.price)
    writer.add(order.reference)
    writer.addEmpty(3)  // evRule, evMultiplier, modelCode
    writer.add(2)  // lastLiquidity: removed
    if version >= 178 { writer.add(0) }  // pendingPriceRevision
    send(writer)
    send(
      .commissionReport, 1, execution.id, execution.commission, instrument.currency,
      execution.realized ?? FieldReader.unsetNumber, FieldReader.unsetNumber, "")
  }

  /// Conid to trading class, as orders, trades and positions name their contract.
  func add(_ instrument: Instrument, to writer: inout FieldWriter) {
    writer.add(instrument.contractID)
    writer.add(instrument.symbol)
    writer.add(instrument.kind.rawValue)
    writer.addEmpty(1)
    writer.add(0)
    writer.addEmpty(2)
    writer.add(instrument.exchange)
    writer.add(instrument.currency)
    writer.add(instrument.localSymbol)
    writer.add(instrument.tradingClass)
  }

  private func addTerms(_ order: Order, to writer: inout FieldWriter) {
    add(order.instrument, to: &writer)
    writer.add(order.action.rawValue)
    writer.add(order.quantity)
    writer.add(order.kind.rawValue)
    writer.add(order.limit ?? 0)
    writer.add(order.stop ?? 0)
    writer.add(order.timeInForce.rawValue)
    writer.addEmpty(1)  // ocaGroup
    writer.add(order.account)
    writer.addEmpty(1)  // openClose
    writer.add(0)  // origin
    writer.add(order.reference)
  }

  private func addDisplay(to writer: inout FieldWriter, hasShares: Bool) {
    for _ in 0..<3 { writer.add(0) }  // outsideRth, hidden, discretionaryAmt
    writer.addEmpty(hasShares ? 5 : 4)  // goodAfterTime, shares allocation, faGroup, faMethod, faPercentage
    if version < ServerVersion.noFAProfile { writer.addEmpty(1) }
    writer.addEmpty(5)  // modelCode, goodTillDate, rule80A, percentOffset, settlingFirm
    writer.add(0)  // shortSaleSlot
    writer.addEmpty(1)  // designatedLocation
    writer.add(-1)  // exemptCode
  }

  /// From the auction strategy to the trailing stop's price. Completed orders leave some of it out.
  private func addRules(to writer: inout FieldWriter, isOpen: Bool) {
    if isOpen { writer.add(0) }  // auctionStrategy
    writer.addEmpty(5)  // startingPrice, stockRefPrice, delta, stockRangeLower, stockRangeUpper
    writer.add(0)  // displaySize
    if isOpen { writer.add(0) }  // blockOrder
    writer.add(0)  // sweepToFill
    writer.add(0)  // allOrNone
    writer.addEmpty(1)  // minQty
    writer.add(3)  // ocaType
    if isOpen { for field in ["0", "0", "", "0"] { writer.add(field) } }  // two flags, nbboPriceCap, parentId
    writer.add(0)  // triggerMethod
    writer.addEmpty(1)  // volatility
    writer.add(0)  // volatilityType
    writer.addEmpty(2)  // deltaNeutralOrderType, deltaNeutralAuxPrice
    for _ in 0..<2 { writer.add(0) }  // continuousUpdate, referencePriceType
    writer.addEmpty(1)  // trailStopPrice
  }

  private func addLegsAndScale(to writer: inout FieldWriter) {
    writer.addEmpty(1)  // comboLegsDescrip
    for _ in 0..<3 { writer.add(0) }  // legs, order legs, routing parameters
    writer.addEmpty(3)  // scaleInitLevelSize, scaleSubsLevelSize, scalePriceIncrement
  }

  private func addClearing(to writer: inout FieldWriter) {
    for field in ["", "IB", "0", "0", ""] { writer.add(field) }  // clearing, notHeld, delta neutral, algorithm
  }

  private func add(_ margins: Margins?, to writer: inout FieldWriter) {
    guard let margins else {
      // Nine margins, three commissions, a currency and a warning; the largest double means "not set".
      for _ in 0..<9 { writer.add(FieldReader.unsetNumber) }
      return writer.addEmpty(5)
    }
    for value in margins.before + margins.change + margins.after { writer.add(value.text(places: 2)) }
    writer.add(margins.commission)
    writer.addEmpty(2)
    writer.add(margins.currency)
    writer.addEmpty(1)
  }
}

/// What an order would change: initial margin, maintenance margin and equity with loan, in dollars.
struct Margins: Equatable, Sendable {
  var before: [Double]
  var change: [Double]
  var commission: Double
  var currency: String

  var after: [Double] { zip(before, change).map(+) }
}
