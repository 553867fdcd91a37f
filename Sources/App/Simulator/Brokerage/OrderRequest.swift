/// What a client asks for with placeOrder.
struct OrderRequest: Sendable {
  var orderID: Int
  var instrument: Instrument
  var action: Order.Action
  var quantity: Double
  var kind: Order.Kind
  var limit: Double?
  var stop: Double?
  var timeInForce: Order.TimeInForce
  var reference: String
  /// Only the margins are asked for; nothing is to be traded.
  var isWhatIf: Bool
}
