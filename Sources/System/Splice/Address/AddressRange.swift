/// A range of addresses in CIDR form, such as `192.168.0.0/16` or `fd00::/8`.
public struct AddressRange: Sendable, Hashable {
  /// The first address of the range; the bits below the prefix are zero.
  public let first: IPAddress
  /// How many leading bits of the 128 are fixed. An IPv4 range of length n has 96 + n.
  public let length: Int

  /// Reads `ADDRESS/LENGTH`, or an address alone as the range of just that one. Bits below the prefix are cleared, as routers
  /// do. Nil when it is neither, or when the length is more than the address has bits.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(String(parts[0])) else { return nil }
    let isDotted = !parts[0].contains(":")
    let width = isDotted ? 32 : 128
    var bits = width
    if parts.count == 2 {
      guard !parts[1].isEmpty, parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(parts[1]),
        count <= width
      else { return nil }
      bits = count
    }
    self.init(address, length: isDotted ? bits + 96 : bits)
  }

  /// The range of all addresses that share their first `length` (0...128) bits with `address`.
  init(_ address: IPAddress, length: Int) {
    self.length = length
    let mask = Self.mask(length)
    first = IPAddress(high: address.high & mask.high, low: address.low & mask.low)
  }

  /// Whether `address` lies in the range.
  public func contains(_ address: IPAddress) -> Bool {
    let mask = Self.mask(length)
    return address.high & mask.high == first.high && address.low & mask.low == first.low
  }

  private static func mask(_ length: Int) -> (high: UInt64, low: UInt64) {
    // A shift by 64 or more gives zero, by Swift's smart shift.
    (~0 << UInt64(max(0, 64 - length)), length <= 64 ? 0 : ~0 << UInt64(128 - length))
  }

  /// Who may connect unless the user says otherwise: this machine, and every range that the internet does not route. So a port
  /// that was published to the internet by mistake serves nobody there, while Docker's and home networks, a tailnet
  /// (100.64.0.0/10, fd7a:115c:a1e0::/48) and link-local neighbours work.
  public static let loopbackAndPrivate: [AddressRange] = [
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1",
    "fc00::/7",
    "fe80::/10",
  ].compactMap { AddressRange($0) }
}

extension AddressRange: CustomStringConvertible {
  /// `ADDRESS/LENGTH`, with the length as it is counted for the address's own family.
  public var description: String {
    first.isIPv4 && length >= 96 ? "\(first)/\(length - 96)" : "\(first)/\(length)"
  }
}
