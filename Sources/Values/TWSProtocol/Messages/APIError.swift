/// An error, a warning or a notice of the gateway: all three come as the same message, and the code tells which it is.
public struct APIError: Error, Equatable, Sendable {
  /// The request or order that it is about, or -1 where it is about the connection.
  public var requestID: Int
  /// IBKR's code, such as 326 or 1100.
  public var code: Int
  /// What it says, in English.
  public var text: String
  /// Why an order was refused, as JSON; mostly empty. From version 166 on.
  public var rejection: String
  /// When it happened, in milliseconds since 1970. From version 194 on.
  public var time: Int?

  /// - Parameters:
  ///   - requestID: the request or order that it is about, or -1.
  ///   - code: IBKR's code.
  ///   - text: what it says.
  ///   - rejection: why an order was refused, as JSON.
  ///   - time: in milliseconds since 1970; sent from version 194 on.
  public init(requestID: Int = -1, code: Int, text: String, rejection: String = "", time: Int? = nil) {
    self.requestID = requestID
    self.code = code
    self.text = text
    self.rejection = rejection
    self.time = time
  }

  /// The whole frame in the layout of `version`.
  public func frame(version: Int) -> [UInt8] {
    var writer = FieldWriter(ResponseKind.error)
    if version < ServerVersion.errorTime { writer.add(2) }
    writer.add(requestID)
    writer.add(code)
    writer.add(text)
    if version >= ServerVersion.advancedOrderReject { writer.add(rejection) }
    if version >= ServerVersion.errorTime { writer.add(time ?? 0) }
    return writer.frame()
  }

  /// Reads the fields behind the message id.
  public init(_ reader: inout FieldReader, version: Int) throws(MessageError) {
    if version < ServerVersion.errorTime { try reader.skip() }
    requestID = try reader.integer()
    code = try reader.integer()
    text = try reader.string()
    rejection = version >= ServerVersion.advancedOrderReject ? try reader.string() : ""
    time = version >= ServerVersion.errorTime ? try reader.integer() : nil
  }

  /// The code for a client id that another client holds. The gateway closes the connection after it.
  public static let clientIDInUse = 326

  /// What a code tells about the gateway's own connections, or nil where it is about something else.
  public var connectivity: Connectivity? {
    switch code {
    case 1100, 2110: .lost
    case 1101: .restored(subscriptionsLost: true)
    case 1102: .restored(subscriptionsLost: false)
    case 2103, 2105, 2157: .farmBroken
    case 2104, 2106, 2158: .farmConnected
    default: nil
    }
  }

  /// The state of the gateway's connections to IBKR, as its notices tell it.
  public enum Connectivity: Equatable, Sendable {
    /// No connection to IBKR at all: nothing can be traded or asked.
    case lost
    /// Connected again; where subscriptions were lost, clients must ask for their data anew.
    case restored(subscriptionsLost: Bool)
    /// One data farm cannot be reached; trading goes on.
    case farmBroken
    /// One data farm is connected.
    case farmConnected
  }
}
