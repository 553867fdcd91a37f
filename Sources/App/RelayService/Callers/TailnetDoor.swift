import Callers
import Splice

/// By which way the tailnet's clients come in, and so what an address of a client may mean.
struct TailnetDoor: Sendable, Hashable {
  /// How the node reaches this machine; nil while that is another container's secret.
  enum Way: String, Sendable, Hashable, CaseIterable {
    /// tailscaled dials 127.0.0.1 for its peers.
    case userspace
    /// The kernel routes, and a peer's own address is seen.
    case kernel
  }

  /// The ranges of which every tailnet takes its nodes' addresses.
  private static let ranges = ["100.64.0.0/10", "fd7a:115c:a1e0::/48"].compactMap { AddressRange($0) }

  /// How, as it was configured, or else as tailscaled has told.
  var way: Way?
  /// The node's own addresses, the last that are known: they stay while tailscaled is away.
  var addresses: [IPAddress] = []
  /// What the names of its tailnet end with.
  var suffix: String?

  /// Whether a client of this address may be a node of the tailnet, and so has to be asked for.
  func mayBePeer(_ address: IPAddress) -> Bool {
    way != .kernel || Self.ranges.contains { $0.contains(address) }
  }

  /// Where a route listens that is to be reached by the tailnet on this port, beside the endpoints where it listens in any case.
  func endpoints(port: UInt16, beside fixed: [Endpoint]) -> [Endpoint] {
    let wanted: [IPAddress] =
      switch way {
      case .userspace: [IPAddress(v4: 0x7f00_0001)]
      case .kernel: addresses
      case nil: []
      }
    return wanted.filter { address in
      !fixed.contains {
        $0.port == port && ($0.address == address || $0.address.isWildcard && $0.address.isIPv4 == address.isIPv4)
      }
    }.map { Endpoint($0, port) }
  }
}
