/// Reads only the beginning of each frame of a stream that somebody else transports, and lets the rest go by.
///
/// Its memory is bounded by `headLimit`, whatever length a frame announces.
struct FrameSkimmer: Sendable {
  struct Head: Equatable {
    /// The first bytes of the body, `headLimit` at most.
    var bytes: [UInt8]
    /// Whether `bytes` is the whole body.
    var isWhole: Bool
  }

  let headLimit: UInt8

  private var lengthBytes: UInt8 = 0
  private var length: UInt32 = 0
  private var seen: UInt32 = 0
  private var head: [UInt8] = []

  init(headLimit: UInt8) {
    self.headLimit = headLimit
  }

  /// Takes one byte, and returns the head of a frame when this byte was the frame's last.
  mutating func push(_ byte: UInt8) -> Head? {
    if lengthBytes < 4 {
      length = length << 8 | UInt32(byte)
      lengthBytes += 1
      guard lengthBytes == 4, length == 0 else { return nil }
      return take()
    }
    if head.count < Int(headLimit) { head.append(byte) }
    seen += 1
    return seen == length ? take() : nil
  }

  private mutating func take() -> Head {
    defer { self = FrameSkimmer(headLimit: headLimit) }
    return Head(bytes: head, isWhole: head.count == Int(seen))
  }
}
