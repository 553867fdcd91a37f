import CLinux
import Clocks
import Glibc

/// A program that was run to its end.
public struct FinishedCommand: Sendable, Hashable {
  /// Its exit code, or the number of the signal that ended it.
  public let code: Int32
  /// Whether it was ended by a signal.
  public let signaled: Bool
  /// What it wrote to its standard output and standard error, in order: the first megabyte.
  public let output: [UInt8]

  /// Whether it ended with 0.
  public var succeeded: Bool { code == 0 && !signaled }
}

extension Command {
  private static var outputLimit: Int { 1 << 20 }

  /// Runs the program to its end and waits for that: for subcommands that a person runs, never in a supervisor's loop.
  ///
  /// - Parameter limit: how many milliseconds it may take until it closes its output. One that takes longer is killed, with
  ///   everything that it has started.
  public func run(within limit: Int64) throws(SpawnFailure) -> FinishedCommand {
    let process = try spawn()
    defer {
      close(process.output)
      if let readiness = process.readiness { close(readiness) }
    }
    let deadline = SystemClock.uptime + limit
    let output = read(process.output, until: deadline)
    if output == nil { Signals.send(SIGKILL, toGroup: process.pid) }
    var status: Int32 = 0
    while waitpid(process.pid, &status, 0) < 0 && errno == EINTR {}
    guard let output else {
      throw SpawnFailure(
        sentence: "\(program) did not end within \(limit / 1000) s and was killed; try again, or run it by hand",
        missing: false)
    }
    let signal = status & 0x7F
    return FinishedCommand(code: signal == 0 ? status >> 8 & 0xFF : signal, signaled: signal != 0, output: output)
  }

  /// Everything up to the end of the stream; nil when that has not come by the deadline.
  private func read(_ descriptor: Int32, until deadline: Int64) -> [UInt8]? {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let left = deadline - SystemClock.uptime
      guard left > 0 else { return nil }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, Int32(clamping: left)) > 0 else { continue }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      if count <= 0 { return output }
      output += buffer[..<count].prefix(Self.outputLimit - output.count)
    }
  }
}
