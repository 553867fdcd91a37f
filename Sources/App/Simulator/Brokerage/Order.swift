/// An order of a client, from its arrival to its end.
struct Order: Equatable, Sendable {
  /// Order ids are the clients' own, so only both numbers together name an order.
  struct Key: Hashable, Comparable, Sendable {
    var clientID: Int
    var orderID: Int

    static func < (left: Key, right: Key) -> Bool { (left.clientID, left.orderID) < (right.clientID, right.orderID) }
  }

  enum Action: String, Sendable {
    case buy = "BUY"
    case sell = "SELL"

    var sign: Double { self == .buy ? 1 : -1 }
  }

  enum Kind: String, Sendable {
    case market = "MKT"
    case limit = "LMT"
    case stop = "STP"
    case stopLimit = "STP LMT"
  }

  enum TimeInForce: String, Sendable {
    case day = "DAY"
    case untilCancelled = "GTC"
    case immediate = "IOC"
  }

  enum Status: String, Sendable {
    case preSubmitted = "PreSubmitted"
    case submitted = "Submitted"
    case filled = "Filled"
    case cancelled = "Cancelled"

    var isDone: Bool { self == .filled || self == .cancelled }
  }

  var key: Key
  var permanentID: Int
  var instrument: Instrument
  var action: Action
  var quantity: Double
  var kind: Kind
  var limit: Double?
  var stop: Double?
  var timeInForce: TimeInForce
  var reference: String
  var account: String
  var status: Status
  /// When it was filled or cancelled.
  var ended: Moment?
  var fillPrice: Double?

  var filled: Double { status == .filled ? quantity : 0 }

  /// Whether it waits for its stop price.
  var awaitsStop: Bool { status == .preSubmitted && (kind == .stop || kind == .stopLimit) }

  /// The price at which it trades now, or nil where it has to wait.
  func match(_ quote: Quote) -> Double? {
    let price = action == .buy ? quote.ask : quote.bid
    guard kind == .limit || kind == .stopLimit, let limit else { return price }
    return (limit - price) * action.sign >= 0 ? price : nil
  }

  /// Whether the market has reached its stop price.
  func isTriggered(_ quote: Quote) -> Bool {
    guard let stop else { return true }
    return (quote.last - stop) * action.sign >= 0
  }
}

/// A trade, as the one who made it sees it.
struct Execution: Equatable, Sendable {
  var id: String
  var order: Order
  var time: Moment
  var price: Double
  /// In the instrument's currency.
  var commission: Double
  /// What it gained by closing a position, in the instrument's currency; nil where it closed none.
  var realized: Double?
}
