import FoundationEssentials

/// The part of `GET status` that is of use here.
public struct NodeStatus: Decodable, Sendable, Equatable {
  /// The node itself.
  public struct Me: Decodable, Sendable, Equatable {
    /// Its name with a dot at the end, such as `ib-gateway.tail1234.ts.net.`; empty while it has none.
    public var name: String?
    /// Whether it hears the control server.
    public var online: Bool?
    /// When its key expires, as RFC 3339 has it; nil: never.
    public var keyExpiry: String?

    private enum CodingKeys: String, CodingKey {
      case name = "DNSName"
      case online = "Online"
      case keyExpiry = "KeyExpiry"
    }
  }

  /// tailscaled's name of its state.
  public var backend: String
  /// Whether the node has once joined; missing while it has not.
  public var hasNodeKey: Bool?
  /// Where a person can add it.
  public var authURL: String?
  /// Its addresses.
  public var addresses: [String]?
  /// The node itself.
  public var me: Me?
  /// What tailscaled finds wrong with itself.
  public var health: [String]?
  /// Whether the kernel carries the packets.
  public var tun: Bool?
  /// What the names in its tailnet end with; empty while it is in none.
  public var suffix: String?
  /// The names for which it can have certificates.
  public var certDomains: [String]?
  /// The peers by their keys, where they were asked for.
  public var peers: [String: Peer]?

  /// A peer, of which only the number is of use.
  public struct Peer: Decodable, Sendable, Equatable {}

  private enum CodingKeys: String, CodingKey {
    case backend = "BackendState"
    case hasNodeKey = "HaveNodeKey"
    case authURL = "AuthURL"
    case addresses = "TailscaleIPs"
    case me = "Self"
    case health = "Health"
    case tun = "TUN"
    case suffix = "MagicDNSSuffix"
    case certDomains = "CertDomains"
    case peers = "Peer"
  }

  /// The status in an answer; nil where it is none.
  public init?(_ answer: [UInt8]) {
    guard let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(answer)) else { return nil }
    self = status
  }
}

/// A time as RFC 3339 and Go write it, `2027-05-20T02:35:47.5Z` or with an offset, in ms since 1970; nil for anything else, and for Go's
/// zero time.
func milliseconds(rfc3339 text: String) -> Int64? {
  let parts = text.split(whereSeparator: { "-T:Z+.".contains($0) }).map(String.init)
  guard parts.count >= 6, text.utf8.count >= 20, let year = Int64(parts[0]), let month = Int64(parts[1]),
    let day = Int64(parts[2]), let hour = Int64(parts[3]), let minute = Int64(parts[4]), let second = Int64(parts[5]),
    year > 1, (1...12).contains(month), (1...31).contains(day)
  else { return nil }
  var offset: Int64 = 0
  if !text.hasSuffix("Z") {
    let zone = text.suffix(6)
    guard let sign = zone.first, sign == "+" || sign == "-", let hours = Int64(zone.dropFirst().prefix(2)),
      let minutes = Int64(zone.suffix(2))
    else { return nil }
    offset = (hours * 60 + minutes) * (sign == "-" ? -60 : 60)
  }
  // Days since 1970 by counting from March, so that a leap day is a year's last.
  let shifted = month <= 2 ? year - 1 : year
  let era = shifted / 400
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  return (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1000
}
