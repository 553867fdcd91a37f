import CLinux
import Glibc

/// An address and a TCP port.
public struct Endpoint: Sendable, Hashable {
  /// The address; a wildcard when listening on all of them.
  public let address: IPAddress
  /// The TCP port; 0 asks the system for a free one when listening.
  public let port: UInt16

  /// An endpoint of its two parts.
  public init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `127.0.0.1:4001` or `[::1]:4001`; nil for anything else, names too.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.first == "[" {
      guard host.last == "]" else { return nil }
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard let address = IPAddress(String(host)) else { return nil }
    self.init(address, port)
  }

  /// The endpoint in a socket address, or nil when that is of neither family.
  init?(_ system: sockaddr_storage) {
    var system = system
    switch Int32(system.ss_family) {
    case AF_INET:
      self = withUnsafeBytes(of: &system) { bytes in
        let four = bytes.loadUnaligned(as: sockaddr_in.self)
        return Endpoint(IPAddress(v4: UInt32(bigEndian: four.sin_addr.s_addr)), UInt16(bigEndian: four.sin_port))
      }
    case AF_INET6:
      self = withUnsafeBytes(of: &system) { bytes in
        let six = bytes.loadUnaligned(as: sockaddr_in6.self)
        return Endpoint(IPAddress(six.sin6_addr), UInt16(bigEndian: six.sin6_port))
      }
    default:
      return nil
    }
  }

  /// AF_INET or AF_INET6.
  var family: Int32 { address.isIPv4 ? AF_INET : AF_INET6 }

  /// The endpoint as bind(2) and connect(2) take it.
  var system: sockaddr_storage {
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) { bytes in
      if address.isIPv4 {
        var four = sockaddr_in()
        four.sin_family = sa_family_t(AF_INET)
        four.sin_port = port.bigEndian
        four.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
        bytes.storeBytes(of: four, as: sockaddr_in.self)
      } else {
        var six = sockaddr_in6()
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = port.bigEndian
        six.sin6_addr = address.six
        bytes.storeBytes(of: six, as: sockaddr_in6.self)
      }
    }
    return storage
  }
}

extension Endpoint: CustomStringConvertible {
  /// `127.0.0.1:4001` or `[::1]:4001`.
  public var description: String { address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
