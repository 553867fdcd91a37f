import CLinux
import Glibc

/// An IPv4 or IPv6 address as one 128-bit number. An IPv4 address and its IPv6-mapped form (`::ffff:a.b.c.d`) are the same
/// value, because a dual-stack listener reports the one as the other.
public struct IPAddress: Sendable, Hashable {
  /// The first eight bytes in network order.
  public let high: UInt64
  /// The last eight bytes in network order.
  public let low: UInt64

  /// The address whose sixteen bytes are `high`, then `low`.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The IPv4 address whose four bytes are `v4`, first byte first: 127.0.0.1 is `0x7f00_0001`.
  public init(v4: UInt32) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(v4))
  }

  /// Reads `10.0.0.1`, `fd00::1` or `::ffff:10.0.0.1`; nil for anything else, names and zones (`%eth0`) too.
  public init?(_ text: String) {
    // The system's reader stops at a NUL and would take what stands before it.
    guard !text.utf8.contains(0) else { return nil }
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      self.init(v4: UInt32(bigEndian: four.s_addr))
      return
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    self.init(six)
  }

  init(_ six: in6_addr) {
    let halves = withUnsafeBytes(of: six) { bytes in
      (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    self.init(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
  }

  /// Whether this is an IPv4 address, in whichever form it arrived.
  public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

  /// Whether only this machine (or this network namespace) can reach it: 127.0.0.0/8 and ::1.
  public var isLoopback: Bool { isIPv4 ? low & 0xff00_0000 == 0x7f00_0000 : high == 0 && low == 1 }

  /// Whether it stands for every address of the machine: 0.0.0.0 and ::.
  public var isWildcard: Bool { isIPv4 ? low & 0xffff_ffff == 0 : high == 0 && low == 0 }

  /// The address in the system's form for IPv6.
  var six: in6_addr {
    var address = in6_addr()
    withUnsafeMutableBytes(of: &address) { bytes in
      bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
      bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    return address
  }
}

extension IPAddress: CustomStringConvertible {
  /// The usual text form, IPv4 with dots also where it arrived mapped.
  public var description: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      if isIPv4 {
        var four = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
        inet_ntop(AF_INET, &four, text.baseAddress, socklen_t(INET6_ADDRSTRLEN))
      } else {
        var six = self.six
        inet_ntop(AF_INET6, &six, text.baseAddress, socklen_t(INET6_ADDRSTRLEN))
      }
      return text.baseAddress.map { String(cString: $0) } ?? ""
    }
  }
}
