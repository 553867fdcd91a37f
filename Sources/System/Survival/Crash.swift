import CLinux
import Glibc

/// A crash that this process has survived, as its handler noted it. It holds addresses alone, never what stood there.
public struct Crash: Sendable, Hashable {
  /// When, in milliseconds of the clock that never jumps.
  public let uptime: Int64
  /// When, in milliseconds since 1970.
  public let wall: Int64
  /// The signal's number.
  public let signal: Int32
  /// The process that sent it: 0 where the program's own fault brought it, -1 where it came from outside of the container.
  public let sender: Int32
  /// What could not be accessed or executed; 0 where the signal does not say.
  public let address: UInt64
  /// The callers from the innermost on, relative to where the program was loaded; nil for code that is not the program's own.
  public let callers: [UInt64?]

  /// `SEGV at address 0x10`, or `ABRT sent by process 7`.
  public var cause: String {
    let name = Self.names[signal] ?? "signal \(signal)"
    switch sender {
    case 0: return address == 0 ? name : "\(name) at address 0x\(String(address, radix: 16))"
    case -1: return "\(name), sent from outside"
    default: return "\(name), sent by process \(sender)"
    }
  }

  /// The callers as `ibgw+0x1f00 ...`, which a debugger names with the program of the same build id.
  public var backtrace: String {
    callers.map { $0.map { "ibgw+0x\(String($0, radix: 16))" } ?? "library" }.joined(separator: " ")
  }

  private static let names: [Int32: String] = [
    SIGILL: "ILL", SIGTRAP: "TRAP", SIGSEGV: "SEGV", SIGBUS: "BUS", SIGABRT: "ABRT", SIGFPE: "FPE",
  ]

  init(_ record: clinux_crash) {
    (uptime, wall, signal) = (record.uptime, record.wall, record.signal)
    (sender, address) = (record.sender, record.address)
    callers = withUnsafeBytes(of: record.places) { bytes in
      bytes.bindMemory(to: UInt64.self).prefix(Int(max(0, record.count))).map { $0 == .max ? nil : $0 }
    }
  }
}

extension Ledger {
  /// The last crashes, the oldest first.
  public var crashes: [Crash] {
    (0..<Int(CLINUX_CRASHES)).compactMap { place -> Crash? in
      var record = clinux_crash()
      let size = MemoryLayout<clinux_crash>.size
      guard pread(descriptor, &record, size, off_t(place * size)) == size, record.uptime != 0 else { return nil }
      return Crash(record)
    }.sorted { $0.uptime < $1.uptime }
  }
}
