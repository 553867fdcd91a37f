/// Cuts a stream of bytes into the bodies of its frames, in whatever pieces the bytes arrive.
///
/// It holds what has arrived and not been taken, so append a piece and take every frame before the next: then it never holds
/// more than one unfinished frame and one piece.
public struct FrameDecoder: Sendable {
  /// The longest body that is accepted, in bytes.
  public let maximumLength: Int

  private var bytes: [UInt8] = []
  private var start = 0

  /// - Parameter maximumLength: the longest body that is accepted, in bytes.
  public init(maximumLength: Int = Frame.maximumLength) {
    self.maximumLength = maximumLength
  }

  /// How many bytes have arrived that no frame has been made of yet.
  public var pending: Int { bytes.count - start }

  /// Adds what has arrived.
  public mutating func append(_ piece: some Sequence<UInt8>) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 65_536)
      start = 0
    } else if start > 65_536 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes.append(contentsOf: piece)
  }

  /// The body of the next whole frame, or nil while its end has not arrived. After an error every further call repeats it.
  public mutating func next() throws(FrameError) -> [UInt8]? {
    guard pending >= 4 else { return nil }
    let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximumLength else { throw .tooLong(length: length, maximum: maximumLength) }
    guard pending >= 4 + length else { return nil }
    let body = Array(bytes[start + 4..<start + 4 + length])
    start += 4 + length
    return body
  }
}
