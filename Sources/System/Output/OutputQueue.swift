import Glibc

/// The way of log lines to our own standard output, whose reader may be slow or gone: it never blocks and never grows without bound.
///
/// What cannot be written at once waits in a queue of ``limit`` bytes; what does not fit there is dropped and counted, and the count
/// is written in the lines' place as soon as there is room. Owned and called by one loop.
public struct OutputQueue: ~Copyable {
  /// How many bytes wait for a slow reader at the most.
  public static let limit = 1024 * 1024
  /// What a pipe takes whole when poll says that it is writable (PIPE_BUF).
  private static let piece = 4096

  private let descriptor: Int32
  private var waiting: [UInt8] = []
  private var begin = 0
  private var dropped = 0

  /// A queue in front of `descriptor`, which is neither closed nor made non-blocking: it is shared with whoever started us.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  /// Whether something waits, so that ``flush()`` has to be called again soon.
  public var isWaiting: Bool { begin < waiting.count }

  /// Writes a line, which must end in a line feed, or keeps it for later.
  public mutating func write(_ line: [UInt8]) {
    if isWaiting || dropped > 0 { flush() }
    if waiting.count - begin + line.count > Self.limit {
      dropped += 1
      return
    }
    if dropped > 0 {
      waiting += Array("... \(dropped) log lines were dropped here: their reader was too slow\n".utf8)
      dropped = 0
    }
    waiting += line
    flush()
  }

  /// Writes as much as the reader takes without making us wait.
  public mutating func flush() {
    while isWaiting, takesMore {
      let count = min(Self.piece, waiting.count - begin)
      let written = waiting.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + begin, count) }
      if written > 0 {
        begin += written
      } else if errno != EINTR && errno != EAGAIN {
        // Nobody reads any more. The lines stay in the ring for `ibgw logs`.
        begin = waiting.count
      } else if errno == EAGAIN {
        break
      }
    }
    if !isWaiting {
      waiting.removeAll(keepingCapacity: waiting.capacity <= 64 * 1024)
      begin = 0
    } else if begin > Self.limit / 2 {
      waiting.removeFirst(begin)
      begin = 0
    }
  }

  private var takesMore: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) == 1 && Int32(entry.revents) & (POLLOUT | POLLERR | POLLHUP) != 0
  }
}
