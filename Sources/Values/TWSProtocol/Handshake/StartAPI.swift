/// A client's first message: it asks the gateway to begin, and names the client.
public struct StartAPI: Equatable, Sendable {
  /// The number by which the gateway tells its clients apart.
  public var clientID: Int
  /// Optional capabilities; empty for nearly every client.
  public var capabilities: String

  /// - Parameters:
  ///   - clientID: 0 is the one that also sees manual orders.
  ///   - capabilities: optional capabilities.
  public init(clientID: Int, capabilities: String = "") {
    self.clientID = clientID
    self.capabilities = capabilities
  }

  /// The whole frame, as text.
  public var frame: [UInt8] {
    var writer = FieldWriter(RequestKind.startApi)
    writer.add(2)
    writer.add(clientID)
    writer.add(capabilities)
    return writer.frame()
  }

  /// Reads the fields behind the message id.
  public init(_ reader: inout FieldReader) throws(MessageError) {
    try reader.skip()
    clientID = try reader.integer()
    capabilities = reader.isAtEnd ? "" : try reader.string()
  }

  /// The client id in the beginning of a client's frame, in each of the three forms that are in use: text; from
  /// version 201 on a 4-byte message id before text fields; or before protobuf, its id raised by 200. Nil for other messages.
  static func clientID(head: ArraySlice<UInt8>) -> Int? {
    let text = Array("71\0".utf8)
    if head.starts(with: text) { return textClientID(head.dropFirst(text.count)) }
    if head.starts(with: [0, 0, 0, 71]) { return textClientID(head.dropFirst(4)) }
    if head.starts(with: [0, 0, 1, 15]) { return protobufClientID(head.dropFirst(4)) }
    return nil
  }

  private static func textClientID(_ fields: ArraySlice<UInt8>) -> Int? {
    var reader = FieldReader(fields)
    guard (try? reader.skip()) != nil, let id = try? reader.integer() else { return nil }
    return id
  }

  /// The client id is field 1, a varint; without it the id is 0.
  private static func protobufClientID(_ message: ArraySlice<UInt8>) -> Int? {
    guard message.first == 0x08 else { return 0 }
    var value: UInt64 = 0
    for (index, byte) in message.dropFirst().prefix(10).enumerated() {
      value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte & 0x80 == 0 { return Int(Int32(truncatingIfNeeded: value)) }
    }
    return nil
  }
}
