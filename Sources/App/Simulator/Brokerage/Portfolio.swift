/// What the simulated account owns.
struct Portfolio: Equatable, Sendable {
  struct Position: Equatable, Sendable {
    var instrument: Instrument
    var quantity = 0.0
    /// Per unit, with commissions, in the instrument's currency.
    var averageCost = 0.0
    /// In the instrument's currency, since the simulation began.
    var realized = 0.0
  }

  /// Money by currency. A pair's trade changes two of them.
  private(set) var cash: [String: Double]
  private(set) var positions: [Int: Position] = [:]

  /// - Parameter dollars: what the account begins with.
  init(dollars: Double) {
    cash = ["USD": dollars]
  }

  /// Books a trade.
  ///
  /// - Returns: what it gained by closing a position, or nil where it closed none.
  mutating func book(
    _ instrument: Instrument, _ action: Order.Action, quantity: Double, price: Double, commission: Double
  ) -> Double? {
    var position = positions[instrument.contractID] ?? Position(instrument: instrument)
    let signed = quantity * action.sign
    cash[instrument.currency, default: 0] -= signed * price + commission
    if instrument.kind == .currencyPair { cash[instrument.symbol, default: 0] += signed }

    let closed = position.quantity * signed < 0 ? min(position.quantity.magnitude, quantity) : 0
    let opened = quantity - closed
    var realized: Double?
    if closed > 0 {
      let gain = (price - position.averageCost) * closed * -action.sign - commission * closed / quantity
      position.realized += gain
      realized = gain
    }
    position.quantity += signed
    if position.quantity == 0 {
      position.averageCost = 0
    } else if opened > 0 {
      let held = (position.quantity.magnitude - opened) * position.averageCost
      let cost = price * opened + action.sign * commission * opened / quantity
      position.averageCost = (held + cost) / position.quantity.magnitude
    }
    positions[instrument.contractID] = position
    return realized
  }
}
