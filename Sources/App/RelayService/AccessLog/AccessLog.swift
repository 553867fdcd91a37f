import Callers
import Files
import Splice

/// One route's access log. It never fails: what cannot be written is counted, and that is said once; so is its end.
final class AccessLog {
  private var file: RotatingFile
  private let format: AccessLogFormat
  private var lost = 0
  private var retryAt: UInt64 = 0
  private var waiting: [UInt8] = []
  private var waitingLines = 0

  /// How many bytes of lines are gathered before they have to be written.
  private static let batch = 32 * 1024

  /// How long a log that could not be written is left alone, in nanoseconds: a disk that is full to the last page takes one line and
  /// refuses the next, and would be said to be full over and over.
  static let rest: UInt64 = 5_000_000_000

  /// A log in `directory`, set aside before it exceeds `size` bytes.
  init(directory: String, route: RelayServiceConfiguration.Route, size: Int, kept: Int) {
    format = AccessLogFormat(route: route.name, upstream: route.upstream)
    file = RotatingFile(path: "\(directory)/access-\(route.name).log", limit: size, kept: kept)
  }

  /// Notes that a client has begun.
  func opened(_ record: ConnectionRecord, _ caller: Caller? = nil) {
    format.appendOpened(record, caller, to: &waiting)
    waitingLines += 1
  }

  /// Notes that a client is gone.
  func closed(_ record: ConnectionRecord, _ caller: Caller? = nil) {
    format.appendClosed(record, caller, to: &waiting)
    waitingLines += 1
  }

  /// Lines that are not in the log since it could not be written last.
  var lostLines: Int { lost }

  /// Whether enough was noted to be written before more is.
  var isFull: Bool { waiting.count >= Self.batch }

  /// Writes what was noted, all of it or nothing; what there is to say about the log itself comes back. `now` is in monotonic
  /// nanoseconds.
  func flush(at now: UInt64) -> Notice? {
    guard waitingLines > 0 else { return nil }
    defer {
      waiting.removeAll(keepingCapacity: true)
      waitingLines = 0
    }
    guard now >= retryAt else {
      lost += waitingLines
      return nil
    }
    do throws(FileError) {
      try file.append(waiting)
      guard lost > 0 else { return nil }
      let notice = Notice(.info, "the access log \(file.path) is written again; \(lost) lines are missing in it")
      lost = 0
      return notice
    } catch {
      let isFirst = lost == 0
      lost += waitingLines
      retryAt = now + Self.rest
      guard isFirst else { return nil }
      return Notice(.warning, "\(error); clients are relayed, and missing in the access log, until that is mended")
    }
  }
}
