import TWSProtocol

/// How a client names a contract: the same twelve fields in every request.
struct ContractQuery: Sendable {
  var contractID: Int
  var symbol: String
  var kind: String
  var exchange: String
  var primaryExchange: String
  var currency: String
  var localSymbol: String

  init(_ reader: inout FieldReader) throws(MessageError) {
    contractID = try reader.integer()
    symbol = try reader.string()
    kind = try reader.string()
    try reader.skip(4)
    exchange = try reader.string()
    primaryExchange = try reader.string()
    currency = try reader.string()
    localSymbol = try reader.string()
    try reader.skip()
  }

  /// All instruments that it may mean. A contract id alone suffices; otherwise every field that is filled in must agree.
  var matches: [Instrument] {
    if contractID != 0 { return Instrument.all.filter { $0.contractID == contractID } }
    guard !symbol.isEmpty || !localSymbol.isEmpty else { return [] }
    return Instrument.all.filter { instrument in
      (symbol.isEmpty || symbol.uppercased() == instrument.symbol)
        && (localSymbol.isEmpty || localSymbol.uppercased() == instrument.localSymbol)
        && (kind.isEmpty || kind == instrument.kind.rawValue)
        && (exchange.isEmpty || instrument.exchanges.contains(exchange))
        && (primaryExchange.isEmpty || primaryExchange == instrument.primaryExchange)
        && (currency.isEmpty || currency == instrument.currency)
    }
  }

  /// The one instrument that it means.
  func instrument() throws(RequestRefusal) -> Instrument {
    let matches = matches
    guard let first = matches.first else { throw .noSecurityDefinition }
    guard matches.count == 1 else { throw .ambiguousContract }
    return first
  }
}
