/// Cuts a stream of bytes into lines, in whatever pieces it comes.
///
/// A line is handed over without its line feed. One that is longer than ``limit`` is handed over in pieces of that length, so that a
/// child that never ends its line cannot grow our memory.
public struct LineSplitter: Sendable {
  /// The longest line that is kept whole, in bytes.
  public static let limit = 64 * 1024

  /// What stands after the last line feed.
  public var unfinished: [UInt8] { pending }

  private var pending: [UInt8] = []

  /// A splitter at the beginning of a line.
  public init() {}

  /// Takes in some bytes and hands over every line that they complete.
  public mutating func take(_ bytes: some Sequence<UInt8>, _ line: ([UInt8]) -> Void) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        line(pending)
        pending.removeAll(keepingCapacity: pending.capacity <= 4096)
      } else {
        pending.append(byte)
        if pending.count == Self.limit {
          line(pending)
          pending.removeAll(keepingCapacity: false)
        }
      }
    }
  }

  /// Hands over what stands after the last line feed, at the end of the stream.
  public mutating func finish(_ line: ([UInt8]) -> Void) {
    if !pending.isEmpty { line(pending) }
    pending = []
  }
}
