/// What travels on an API connection after the client's `API\0`: frames of a big-endian 32-bit length and that many bytes of body.
public enum Frame {
  /// The longest body that IBKR's own clients accept, in bytes.
  public static let maximumLength = 0xFF_FFFF

  /// The frame that carries `body`.
  public static func encode(_ body: some Collection<UInt8>) -> [UInt8] {
    var frame = [UInt8]()
    frame.reserveCapacity(4 + body.count)
    appendLength(UInt32(body.count), to: &frame)
    frame.append(contentsOf: body)
    return frame
  }

  static func appendLength(_ length: UInt32, to bytes: inout [UInt8]) {
    bytes.append(UInt8(truncatingIfNeeded: length >> 24))
    bytes.append(UInt8(truncatingIfNeeded: length >> 16))
    bytes.append(UInt8(truncatingIfNeeded: length >> 8))
    bytes.append(UInt8(truncatingIfNeeded: length))
  }
}

/// Why a stream of frames cannot be read any further.
public enum FrameError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A frame announces a body of `length` bytes, more than the `maximum` that its reader takes.
  case tooLong(length: Int, maximum: Int)

  /// One sentence for a log.
  public var description: String {
    switch self {
    case .tooLong(let length, let maximum):
      "cannot read a frame: it announces \(length) bytes and \(maximum) is the most; the peer does not speak the API here"
    }
  }
}
