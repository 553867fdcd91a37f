import Glibc

/// How much a line of the relay's log matters: syslog's numbers.
enum Priority: Int, Sendable {
  case error = 3
  case warning = 4
  case info = 6
  case debug = 7
}

/// One line for the log.
struct Notice: Equatable, Sendable {
  let priority: Priority
  let text: String

  init(_ priority: Priority, _ text: String) {
    self.priority = priority
    self.text = text
  }

  /// Writes the line to standard error, its priority in front as syslog and systemd have it: `<6>text`.
  static func write(_ notice: Notice) {
    let line = Array("<\(notice.priority.rawValue)>\(notice.text)\n".utf8)
    _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
