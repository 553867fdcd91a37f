/// What a client's first bytes say about it. Every client of the IB API since version 100 opens with `API` and a zero byte; a
/// browser, a TLS client or a port scanner does not.
enum Hello: Equatable, Sendable {
  /// All bytes so far fit, and more are needed.
  case incomplete
  /// An IB API client.
  case api
  /// Something else.
  case foreign

  /// How many bytes decide.
  static let length = 4

  /// Judges the first bytes of a connection, however few or many of them there are.
  static func judge(_ bytes: UnsafeRawBufferPointer) -> Hello {
    let expected: (UInt8, UInt8, UInt8, UInt8) = (0x41, 0x50, 0x49, 0)
    return withUnsafeBytes(of: expected) { expected in
      for index in 0..<min(bytes.count, length) where bytes[index] != expected[index] { return .foreign }
      return bytes.count < length ? .incomplete : .api
    }
  }
}
