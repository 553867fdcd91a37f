import Files
import Splice

/// One route's access log. It never fails: what cannot be written is counted, and that is said once; so is its end.
final class AccessLog {
  private var file: RotatingFile
  private let route: RelayServiceConfiguration.Route
  private var lost = 0
  private var retryAt: UInt64 = 0

  /// How long a log that could not be written is left alone, in nanoseconds: a disk that is full to the last page takes one line and
  /// refuses the next, and would be said to be full over and over.
  static let rest: UInt64 = 5_000_000_000

  /// A log in `directory`, set aside before it exceeds `size` bytes.
  init(directory: String, route: RelayServiceConfiguration.Route, size: Int, kept: Int) {
    self.route = route
    file = RotatingFile(path: "\(directory)/access-\(route.name).log", limit: size, kept: kept)
  }

  /// Writes that a client has begun; `now` is in monotonic nanoseconds.
  func opened(_ record: ConnectionRecord, at now: UInt64) -> Notice? {
    write(AccessLogLine.opened(record, route: route.name, upstream: route.upstream), at: now)
  }

  /// Writes that a client is gone.
  func closed(_ record: ConnectionRecord, at now: UInt64) -> Notice? {
    write(AccessLogLine.closed(record, route: route.name, upstream: route.upstream), at: now)
  }

  /// Lines that are not in the log since it could not be written last.
  var lostLines: Int { lost }

  /// Writes a line; what there is to say about the log itself comes back.
  private func write(_ line: [UInt8], at now: UInt64) -> Notice? {
    guard now >= retryAt else {
      lost += 1
      return nil
    }
    do throws(FileError) {
      try file.append(line)
      guard lost > 0 else { return nil }
      let notice = Notice(.info, "the access log \(file.path) is written again; \(lost) lines are missing in it")
      lost = 0
      return notice
    } catch {
      lost += 1
      retryAt = now + Self.rest
      guard lost == 1 else { return nil }
      return Notice(.warning, "\(error); clients are relayed, and missing in the access log, until that is mended")
    }
  }
}
