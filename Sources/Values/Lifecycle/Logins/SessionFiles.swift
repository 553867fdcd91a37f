/// A file named `autorestart` in a subfolder of the gateway's settings: an encrypted session that the next start takes up without a
/// login. The gateway writes it at its daily restart and at IBC's PAUSE, and removes it seconds after the start that used it.
public struct SessionFile: Sendable, Hashable {
  /// Where it is.
  public var path: String
  /// When it was written, in ms since 1970.
  public var modified: Int64

  /// A file.
  public init(path: String, modified: Int64) {
    self.path = path
    self.modified = modified
  }
}

/// Which session files a start can use. With one that is of no use any more the gateway stays at its login window, and IBC, which
/// expects no login then, does not help.
public enum SessionFiles {
  /// The name that the gateway gives the file.
  public static let name = "autorestart"

  /// The files that have to be moved aside before a start, and why; nil when what is there can be used or nothing is.
  /// `stoppedAt`: when the last stop began. A file that is older was left by an earlier session; the stop's own is younger.
  public static func stale(
    _ files: [SessionFile], stoppedAt: Int64?, now: Int64
  ) -> (files: [SessionFile], why: String)? {
    if files.count > 1 { return (files, "there are \(files.count), and none tells which is the right one") }
    guard let file = files.first else { return nil }
    if let stoppedAt, stoppedAt <= now, file.modified < stoppedAt {
      return (files, "it is older than the last stop")
    }
    if IBKRCalendar.nextWeeklyLogin(after: file.modified) <= now {
      return (files, "its session has ended on Sunday 01:00 Eastern time")
    }
    return nil
  }

  /// Whether a stop that was to keep the session has left it: one file, written since the stop began at `stop`. A file system may
  /// cut a file's time to whole seconds, two with FAT.
  public static func isKept(_ files: [SessionFile], since stop: Int64) -> Bool {
    files.count == 1 && files[0].modified > stop - 2000
  }
}
