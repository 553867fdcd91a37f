import Glibc

/// Exit codes beside 0, after sysexits(3).
enum ExitStatus {
  /// Something that is needed is not to be had, such as a port.
  static let unavailable: Int32 = 69
}

/// Writes one line to standard output at once, also where that is a pipe.
func printLine(_ line: String) { write(line, to: STDOUT_FILENO) }

/// Writes one line to standard error.
func printError(_ line: String) { write("ibgw: " + line, to: STDERR_FILENO) }

private func write(_ line: String, to descriptor: Int32) {
  var rest = Array((line + "\n").utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    // Whoever read it has gone; that is no reason to stop.
    if count <= 0 { return }
    rest = rest.dropFirst(count)
  }
}
