import Glibc

/// The codes that this program ends with beside 0, from sysexits(3) where it has one.
enum ExitStatus {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  /// Something that is needed is not to be had, such as a port or a supervisor.
  static let unavailable: Int32 = 69
  /// A fault of ours.
  static let `internal`: Int32 = 70
  /// The configuration is wrong.
  static let configuration: Int32 = 78
}

/// Ends the program with a code, everything printed.
func leave(_ code: Int32) -> Never {
  fflush(nil)
  Glibc.exit(code)
}

/// Ends a supervised subcommand with one sentence, in the form of its log, and the code for an internal failure.
func fail(_ sentence: String) -> Never {
  write("<3>" + sentence, to: STDERR_FILENO)
  leave(ExitStatus.internal)
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
