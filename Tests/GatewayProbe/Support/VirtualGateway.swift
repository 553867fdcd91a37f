import TWSProtocol

@testable import GatewayProbe

/// A gateway as its clients meet it, without sockets and in virtual time: what it does is a few switches, and it answers at once or, once
/// a switch is back, what it still can.
struct VirtualGateway {
  typealias ID = GatewayWatch.ConnectionID

  /// What happens to one of its clients' sockets.
  enum Outcome: Equatable {
    case sends(ID, [UInt8])
    case ends(ID)
  }

  struct Client {
    var pending: [UInt8] = []
    var hasEnded = false
    var isAccepted = false
    /// Nothing will ever be answered: it came while the gateway was deaf.
    var isDeaf = false
    var greeted = false
    var clientID: Int?
    var startedAt: Duration?
  }

  var listens = true
  var inode: UInt64 = 1
  /// Reads and accepts nothing, as a stopped process.
  var isFrozen = false
  /// Accepts nobody.
  var accepts = true
  /// Reads nothing from clients.
  var reads = true
  /// Loses what is asked.
  var isMute = false
  /// Says its version only.
  var isStuck = false
  var closesNew = false
  var hangsNew = false
  var accounts = ["DU1234567"]
  var isLinked = true
  var takenIDs: Set<Int> = []
  /// Never closes what a client has ended.
  var leaks = false

  /// Something on the way refuses connects, though it listens.
  var refuses = false
  private var kicked: Set<ID> = []
  private var hasRestarted = false
  private(set) var clients: [ID: Client] = [:]

  var waiting: Int { clients.values.filter { !$0.isAccepted }.count }
  var unclosed: Int { clients.values.filter { $0.isAccepted && $0.hasEnded }.count }
  /// Whether a client that connects now is served.
  var servesNewClients: Bool {
    listens && !isFrozen && accepts && reads && !isMute && !isStuck && !closesNew && !hangsNew && !accounts.isEmpty
  }

  mutating func connect(_ id: ID) -> Bool {
    guard listens, !refuses else { return false }
    clients[id] = Client()
    return true
  }

  mutating func send(_ id: ID, _ bytes: [UInt8]) { clients[id]?.pending += bytes }
  mutating func end(_ id: ID) { clients[id]?.hasEnded = true }

  /// Ends this client's connection.
  mutating func kick(_ id: ID) { kicked.insert(id) }

  /// Never answers this client again.
  mutating func deafen(_ id: ID) { clients[id]?.isDeaf = true }

  /// Ends everything and listens anew, faster than anybody looks.
  mutating func restart() {
    hasRestarted = true
    inode += 1
  }

  /// All that it does at `now`, given its switches.
  mutating func act(at now: Duration) -> [Outcome] {
    guard listens, !hasRestarted else {
      hasRestarted = false
      return endAll()
    }
    guard !isFrozen else { return [] }
    var outcomes: [Outcome] = []
    for id in clients.keys.sorted() { act(id, now, &outcomes) }
    return outcomes
  }

  /// Tells every client that is served of the link to IBKR.
  mutating func link(_ isLinked: Bool) -> [Outcome] {
    guard self.isLinked != isLinked else { return [] }
    self.isLinked = isLinked
    let notice = ServerMessage.error(APIError(code: isLinked ? 1102 : 1100, text: "link"))
    return clients.filter { $0.value.startedAt != nil }.keys.sorted().map { .sends($0, notice.frame(version: 187)!) }
  }

  private mutating func endAll() -> [Outcome] {
    defer { clients = [:] }
    return clients.keys.sorted().map { .ends($0) }
  }

  private mutating func act(_ id: ID, _ now: Duration, _ outcomes: inout [Outcome]) {
    guard var client = clients[id] else { return }
    if !client.isAccepted {
      guard accepts else { return }
      client.isAccepted = true
      client.isDeaf = hangsNew
      if closesNew {
        clients[id] = nil
        return outcomes.append(.ends(id))
      }
    }
    if kicked.remove(id) != nil {
      clients[id] = nil
      return outcomes.append(.ends(id))
    }
    guard reads else { return clients[id] = client }
    answer(&client, id, now, &outcomes)
    clients[id] = client
    if client.hasEnded && !leaks || client.clientID.map(takenIDs.contains) == true {
      clients[id] = nil
      outcomes.append(.ends(id))
    }
  }

  private mutating func answer(_ client: inout Client, _ id: ID, _ now: Duration, _ outcomes: inout [Outcome]) {
    if isMute || client.isDeaf {
      // A hello that is lost is never answered, even later.
      if !client.greeted && !client.pending.isEmpty { client.isDeaf = true }
      return client.pending = []
    }
    if !client.greeted {
      let (progress, length) = ClientHello.parse(client.pending)
      guard case .hello = progress else { return }
      client.pending.removeFirst(length)
      client.greeted = true
      outcomes.append(.sends(id, ServerGreeting(version: 187, connectionTime: "20261121 02:07:51 UTC").frame))
    }
    guard !isStuck else { return }
    var decoder = FrameDecoder()
    decoder.append(client.pending)
    while let body = try? decoder.next() { outcomes += take(body, &client, now).map { .sends(id, $0) } }
    client.pending = []
  }

  private func take(_ body: [UInt8], _ client: inout Client, _ now: Duration) -> [[UInt8]] {
    var reader = FieldReader(body)
    switch try? RequestKind(rawValue: reader.integer()) {
    case .startApi:
      let clientID = (try? StartAPI(&reader))?.clientID ?? -1
      client.clientID = clientID
      guard !takenIDs.contains(clientID), !clients.values.contains(where: { $0.clientID == clientID }) else {
        return [ServerMessage.error(APIError(code: 326, text: "in use")).frame(version: 187)!]
      }
      client.startedAt = now
      let notice = isLinked ? APIError(code: 2104, text: "farm is OK") : APIError(code: 1100, text: "link")
      return [ServerMessage.managedAccounts(accounts), .nextValidID(1), .error(notice)].map { $0.frame(version: 187)! }
    case .reqCurrentTime where client.startedAt != nil:
      return [ServerMessage.currentTime(1_795_252_175).frame(version: 187)!]
    default: return []
    }
  }
}
