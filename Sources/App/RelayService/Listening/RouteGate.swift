import Splice

/// What the control plane has told a route to do.
enum ListenOrder: String, Sendable, Codable {
  /// As the policy says.
  case automatic
  /// Listen, whatever the gateway's port does.
  case open
  /// Do not listen.
  case closed
}

/// Whether a route listens, and what is said about it: a line for each change, none for an attempt that changed nothing.
struct RouteGate: Sendable {
  let name: String
  /// Where clients connect in any case.
  private let fixed: [Endpoint]
  private let tailnetPort: UInt16?
  /// Where clients connect.
  private(set) var listen: [Endpoint]
  let upstream: Endpoint
  let policy: ListenPolicy
  private(set) var order = ListenOrder.automatic
  /// Whether the gateway's port was open at the last look; nil before the first, and where it cannot be looked at.
  private(set) var gatewayListens: Bool?
  /// What the last attempt to listen on each endpoint came to; nil for those that listen.
  private(set) var failures: [Endpoint: RelayError] = [:]

  init(_ route: RelayServiceConfiguration.Route, policy: ListenPolicy) {
    name = route.name
    fixed = route.listen
    tailnetPort = route.tailnetPort
    listen = route.listen
    upstream = route.upstream
    self.policy = policy
  }

  /// Whether the gateway's port can be seen in this machine's own tables, and the answer decides anything.
  var isWatched: Bool { policy == .whenServing && order == .automatic && upstream.address.isLoopback }

  /// Whether clients are to be taken.
  var wantsClients: Bool {
    switch order {
    case .open: true
    case .closed: false
    case .automatic: isWatched ? gatewayListens == true : true
    }
  }

  /// Notes a look at the gateway's port. What cannot be seen counts as open: the dial will tell.
  mutating func looked(_ listens: Bool?) -> Notice? {
    let now = listens ?? true
    let before = gatewayListens
    gatewayListens = now
    guard before != now else { return nil }
    if now {
      return Notice(.info, "\(name): the gateway listens on \(upstream); clients are taken on \(endpoints)")
    }
    return Notice(
      before == nil ? .info : .warning,
      "\(name): the gateway does not listen on \(upstream); connections to \(endpoints) are refused until it does")
  }

  /// Notes what the control plane wants.
  mutating func told(_ order: ListenOrder) -> Notice? {
    guard order != self.order else { return nil }
    self.order = order
    switch order {
    case .open: return Notice(.info, "\(name): told to take clients on \(endpoints)")
    case .closed: return Notice(.info, "\(name): told to take no clients; connections to \(endpoints) are refused")
    case .automatic: return Notice(.info, "\(name): takes clients while the gateway listens on \(upstream)")
    }
  }

  /// Notes by which way the tailnet's clients come in; nil where none may. What is not known any more stays as it was.
  mutating func moved(to door: TailnetDoor?) -> Notice? {
    guard let tailnetPort else { return nil }
    let now = fixed + (door?.endpoints(port: tailnetPort, beside: fixed) ?? [])
    guard now != listen else { return nil }
    listen = now
    return Notice(.info, "\(name): the tailnet's clients come in at \(endpoints)")
  }

  /// Notes that an endpoint could not be listened on.
  mutating func failed(_ endpoint: Endpoint, _ error: RelayError) -> Notice? {
    let isNew = failures[endpoint] != error
    failures[endpoint] = error
    return isNew ? Notice(.error, "\(name): \(error); it is tried again every second") : nil
  }

  /// Notes that an endpoint is listened on.
  mutating func succeeded(_ endpoint: Endpoint) -> Notice? {
    guard failures.removeValue(forKey: endpoint) != nil else { return nil }
    return Notice(.info, "\(name): now listens on \(endpoint)")
  }

  /// Notes that the listeners are closed, and with them what had failed.
  mutating func closed() { failures = [:] }

  private var endpoints: String {
    listen.isEmpty
      ? "the tailnet's address, which is not known yet" : listen.map(\.description).joined(separator: " and ")
  }
}
