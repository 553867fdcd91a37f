import Lifecycle
import Output
import Settings

/// Everything that is said: our own lines and every child's, masked, written to standard output and kept in a ring for `ibgw logs`.
///
/// Owned by the supervisor's loop. A reader that is slow or gone never holds anybody up.
final class Journal {
  /// A line as it is kept: its service, and the bytes as they were written.
  struct Entry {
    let service: String
    let bytes: [UInt8]
  }

  /// How much of the past is kept, in bytes and in lines.
  static let keptBytes = 1024 * 1024
  static let keptLines = 5000

  private var redaction: Redaction
  private let format: LineFormat
  private let threshold: Severity
  private var queue: OutputQueue
  private var ring: [Entry] = []
  private var ringBytes = 0
  private var followers: [Int: (Entry) -> Bool] = [:]
  private var nextFollower = 0

  init(descriptor: Int32, redaction: Redaction, format: LineFormat, threshold: Severity) {
    self.redaction = redaction
    self.format = format
    self.threshold = threshold
    queue = OutputQueue(descriptor: descriptor)
  }

  /// Whether lines wait for a slow reader, so that ``flush()`` is to be called again soon.
  var isWaiting: Bool { queue.isWaiting }

  func flush() { queue.flush() }

  /// Masks these secrets too from now on. The old ones stay masked: a gateway goes on with them until its next start.
  func mask(also more: Redaction) { redaction = redaction.union(more) }

  /// The text with every secret masked.
  func masked(_ text: String) -> String { redaction.masked(text) }

  /// Says one line of text; line feeds in it are no line ends.
  func say(_ severity: Severity, _ service: String, _ text: [UInt8]) {
    guard severity >= threshold else { return }
    var text = text
    redaction.mask(&text)
    let bytes = format.line(severity, service, text)
    queue.write(bytes)
    keep(Entry(service: service, bytes: bytes))
  }

  private func keep(_ entry: Entry) {
    ring.append(entry)
    ringBytes += entry.bytes.count
    if ringBytes > Self.keptBytes || ring.count > Self.keptLines {
      // A quarter goes at once, so that not every line moves all the others.
      let target = Self.keptBytes * 3 / 4
      var drop = ring.count / 4
      var bytes = ring[..<drop].reduce(0) { $0 + $1.bytes.count }
      while ringBytes - bytes > target && drop < ring.count - 1 {
        bytes += ring[drop].bytes.count
        drop += 1
      }
      ring.removeFirst(drop)
      ringBytes -= bytes
    }
    for (key, follower) in followers where !follower(entry) { followers[key] = nil }
  }

  /// The last `lines` lines, of one service or of all.
  func past(of service: String?, lines: Int) -> [Entry] {
    ring.filter { service == nil || $0.service == service }.suffix(max(0, lines))
  }

  /// Calls `follower` for every line from now on, until it returns false.
  func follow(_ follower: @escaping (Entry) -> Bool) {
    followers[nextFollower] = follower
    nextFollower += 1
  }
}
