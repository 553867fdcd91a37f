import TWSProtocol

extension OrderRequest {
  /// Reads the fields behind the message id, in the layout of `version`. What the simulated exchange does not do is refused,
  /// never silently left out.
  init(_ reader: inout FieldReader, version: Int, account: String) throws {
    orderID = try reader.integer()
    guard (0...FieldReader.unsetInteger).contains(orderID) else { throw RequestRefusal.invalid("Invalid order id") }
    let contract = try ContractQuery(&reader)
    guard contract.kind != "BAG" else { throw RequestRefusal.unsupported("combination orders") }
    try reader.skip(2)
    let action = try reader.string()
    quantity = try reader.number() ?? 0
    let kind = try reader.string()
    limit = try reader.number()
    stop = try reader.number()
    let timeInForce = try reader.string()
    let ocaGroup = try reader.string()
    let orderAccount = try reader.string()
    try reader.skip(2)
    reference = try reader.string()
    let transmits = try reader.flag()
    let parentID = try reader.integer()
    try reader.skip(6)
    isWhatIf = try Self.readTail(&reader, version: version)

    instrument = try contract.instrument()
    guard orderAccount.isEmpty || orderAccount == account else { throw RequestRefusal.invalid("Invalid account code") }
    guard let action = Order.Action(rawValue: action) else { throw RequestRefusal.invalid("Invalid side") }
    self.action = action
    guard let kind = Order.Kind(rawValue: kind) else {
      throw RequestRefusal(code: 387, text: "Unsupported order type for this exchange and security type")
    }
    self.kind = kind
    guard let timeInForce = Order.TimeInForce(rawValue: timeInForce.isEmpty ? "DAY" : timeInForce) else {
      throw RequestRefusal.unsupported("this time in force")
    }
    self.timeInForce = timeInForce
    guard transmits || isWhatIf else { throw RequestRefusal.unsupported("orders that wait to be transmitted") }
    guard parentID == 0, ocaGroup.isEmpty else { throw RequestRefusal.unsupported("orders that depend on others") }
    guard quantity > 0 else { throw RequestRefusal(code: 434, text: "The order size cannot be zero") }
    guard quantity <= 1e9 else { throw RequestRefusal.orderRejected("The order size is larger than is allowed") }
    guard quantity == quantity.rounded() else {
      throw RequestRefusal(code: 10_243, text: "Fractional-sized order cannot be placed via API.")
    }
    try checkPrices()
  }

  private mutating func checkPrices() throws {
    if kind == .market || kind == .stop { limit = nil }
    if kind == .market || kind == .limit { stop = nil }
    let needsLimit = kind == .limit || kind == .stopLimit
    let needsStop = kind == .stop || kind == .stopLimit
    guard !needsLimit || limit != nil, !needsStop || stop != nil else {
      throw RequestRefusal.invalid("The order needs a price")
    }
    for price in [limit, stop].compactMap({ $0 }) {
      let ticks = price * Double(instrument.ticksPerUnit)
      guard price > 0, ticks < 1e15, (ticks - ticks.rounded()).magnitude < 1e-6 else {
        throw RequestRefusal(
          code: 110, text: "The price does not conform to the minimum price variation for this contract.")
      }
    }
  }

  /// Walks through the many rarely used fields to whether it is a what-if order, and refuses what would change its meaning.
  private static func readTail(_ reader: inout FieldReader, version: Int) throws -> Bool {
    try reader.skip(7)
    if version < ServerVersion.noFAProfile { try reader.skip() }
    try reader.skip(22)
    let deltaNeutralType = try reader.string()
    guard deltaNeutralType.isEmpty || deltaNeutralType == "None" else {
      throw RequestRefusal.unsupported("delta-neutral orders")
    }
    try reader.skip(7)
    if let increment = try reader.number(), increment > 0 { throw RequestRefusal.unsupported("scale orders") }
    try reader.skip(3)
    guard try reader.string().isEmpty else { throw RequestRefusal.unsupported("hedge orders") }
    try reader.skip(4)
    if try reader.flag() { throw RequestRefusal.unsupported("delta-neutral orders") }
    guard try reader.string().isEmpty else { throw RequestRefusal.unsupported("algorithmic orders") }
    try reader.skip()
    let isWhatIf = try reader.flag()
    try reader.skip(4)
    guard try reader.integer() == 0 else { throw RequestRefusal.unsupported("conditional orders") }
    return isWhatIf
  }
}
