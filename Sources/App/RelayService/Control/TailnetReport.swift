import Callers
import Splice

/// Who the clients are, as the control API shows it.
public struct TailnetReport: Sendable, Codable, Equatable {
  /// The clients of one caller on one route.
  public struct Clients: Sendable, Codable, Equatable {
    /// The route's name.
    public let route: String
    /// Who.
    public let caller: CallerReport
    /// How many are relayed now.
    public let open: Int
  }

  /// How tailscaled reaches this machine: `userspace` or `kernel`; left out while that is unknown.
  public let way: String?
  /// The node's own addresses, as far as they are known.
  public let addresses: [String]
  /// How many entries say who may; 0 is everybody whom the tailnet lets through.
  public let rules: Int
  /// How many clients turned out to be `peer`, `local` or `unknown`.
  public let results: [String: UInt64]
  /// How long it took until that was known, in seconds.
  public let durations: Histogram
  /// The clients of now that are known, by route and name.
  public let clients: [Clients]

  init(_ desk: CallerDesk, routes: [String]) {
    way = desk.door.way?.rawValue
    addresses = desk.door.addresses.map(\.description)
    rules = desk.policy.rules.count
    results = desk.statistics.results
    durations = desk.statistics.durations
    var counts: [CallerReport: [Int: Int]] = [:]
    for (route, caller) in desk.relayed {
      if let report = CallerReport(caller) { counts[report, default: [:]][route, default: 0] += 1 }
    }
    clients = counts.flatMap { caller, byRoute in
      byRoute.map { Clients(route: routes[$0.key], caller: caller, open: $0.value) }
    }.sorted { ($0.route, $0.caller.userID, $0.caller.node ?? "") < ($1.route, $1.caller.userID, $1.caller.node ?? "") }
  }
}

/// Who a client is; the names are the access log's.
public struct CallerReport: Sendable, Codable, Hashable {
  /// The login name, `tagged-devices` for a node with tags, or `local` for who is no node of the tailnet.
  public let userID: String
  /// The node's whole name; left out for who is none.
  public let node: String?
  /// The node's address in the tailnet.
  public let tailnetIP: String?
  /// The node's tags.
  public let tags: [String]?

  enum CodingKeys: String, CodingKey {
    case node, tags
    case userID = "user_id"
    case tailnetIP = "tailnet_ip"
  }

  /// The report of a caller; nil for one of whom nobody can tell.
  init?(_ caller: Caller) {
    switch caller {
    case .unknown: return nil
    case .local: (userID, node, tailnetIP, tags) = ("local", nil, nil, nil)
    case .peer(let peer):
      (userID, node, tailnetIP) = (peer.login, peer.node, peer.address)
      tags = peer.tags.isEmpty ? nil : peer.tags
    }
  }

  /// `alice@example.com on laptop`, `tag:bot on worker` or `local`.
  var summary: String {
    guard let node else { return userID }
    return Caller.peer(Caller.Peer(login: userID, node: node, address: tailnetIP ?? "", tags: tags ?? [])).description
  }
}
