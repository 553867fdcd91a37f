/// The server's answer to a hello: the API version in force and the time of the connection, in a frame without a message id.
public struct ServerGreeting: Equatable, Sendable {
  /// The API version that both sides speak from now on.
  public var version: Int
  /// The gateway's local time, such as `20261121 02:07:51 UTC`.
  public var connectionTime: String

  /// - Parameters:
  ///   - version: the API version in force.
  ///   - connectionTime: `yyyyMMdd HH:mm:ss` and a time zone's name.
  public init(version: Int, connectionTime: String) {
    self.version = version
    self.connectionTime = connectionTime
  }

  /// The whole frame.
  public var frame: [UInt8] {
    var writer = FieldWriter()
    writer.add(version)
    writer.add(connectionTime)
    return writer.frame()
  }

  /// Reads a frame's body, or returns nil where it is none: a gateway may send other messages first.
  public init?(body: some Sequence<UInt8>) {
    var reader = FieldReader(body)
    guard let version = try? reader.integer(), version > 0, let time = try? reader.string(), reader.isAtEnd else {
      return nil
    }
    self.init(version: version, connectionTime: time)
  }
}

/// API versions at which something changes that is read or written here. IBKR's clients list them all as `MIN_SERVER_VER_...`.
public enum ServerVersion {
  /// Contract details lose their version field and gain minimum sizes.
  public static let sizeRules = 164
  /// Errors carry a JSON text on why an order was refused.
  public static let advancedOrderReject = 166
  /// Orders lose their `faProfile`.
  public static let noFAProfile = 177
  /// The last version whose messages are all text and whose layouts are written here.
  public static let lastText = 187
  /// Errors lose their version field and end with a time in milliseconds.
  public static let errorTime = 194
  /// Message ids become 4-byte integers, and bodies protobuf message by message.
  public static let protobuf = 201

  /// The version in force between two sides: the highest that both speak, or nil where there is none.
  public static func negotiate(client: ClosedRange<Int>, server: ClosedRange<Int>) -> Int? {
    let version = min(client.upperBound, server.upperBound)
    return version >= max(client.lowerBound, server.lowerBound) ? version : nil
  }
}
