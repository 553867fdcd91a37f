import TWSProtocol

/// What the connections bring: answers, notices and ends.
extension GatewayWatch {
  mutating func connected(_ id: ConnectionID, _ actions: inout [Action]) {
    guard let connection = connections[id], case .checking = connection.role else { return }
    connections[id]?.isConnected = true
    actions.append(.send(id, connection.conversation.hello))
  }

  mutating func received(_ id: ConnectionID, _ bytes: [UInt8], _ now: Duration, _ actions: inout [Action]) {
    guard let connection = connections[id] else { return }
    switch connection.role {
    case .closing: return
    case .lingering: noteSign()
    case .checking, .kept:
      for news in connections[id]?.conversation.receive(bytes) ?? [] { hear(news, id, now, &actions) }
    }
  }

  private mutating func hear(
    _ news: Conversation.News, _ id: ConnectionID, _ now: Duration, _ actions: inout [Action]
  ) {
    switch news {
    case .send(let bytes): actions.append(.send(id, bytes))
    case .link(let connectivity): hearLink(connectivity, id, now)
    case .timeTold where id == check: passCheck(id, hasSession: true, now, &actions)
    case .timeTold where id == kept?.id: takeTime(now)
    case .noAccounts where id == check: failCheck(.noAccounts, now, &actions)
    case .idInUse where id == check: tryAnotherID(id, now, &actions)
    case .unreadable where id == check: failCheck(.notTheAPI, now, &actions)
    case .unreadable where id == kept?.id: loseKept(now, &actions)
    case .timeTold, .noAccounts, .idInUse, .unreadable: break
    }
  }

  mutating func ended(_ id: ConnectionID, _ end: ConnectionEnd, _ now: Duration, _ actions: inout [Action]) {
    guard let connection = connections.removeValue(forKey: id) else { return }
    switch connection.role {
    case .checking: failCheck(Fault.Kind(end), now, &actions)
    case .kept:
      kept = nil
      // A gateway that ends one soon after another is not to be pressed.
      replacesKept = keptLostAt.map { now - $0 >= timing.checkInterval } ?? true
      if replacesKept { keptLostAt = now }
      // Often the first sign that the whole program ends.
      nextLook = now
    case .closing: break
    case .lingering: noteSign()
    }
  }

  /// Gives up waiting for the ends of connections that the gateway does not close.
  mutating func settleClosing(_ now: Duration, _ actions: inout [Action]) {
    for (id, connection) in connections {
      guard case .closing(let since, let failed) = connection.role, since + timing.closeLimit <= now else { continue }
      connections[id]?.role = .lingering
      if failed { leftOpen = true }
    }
    let lingering = connections.filter { $0.value.role == .lingering }.keys.sorted()
    for id in lingering.dropLast(Self.mostLingering) {
      connections[id] = nil
      actions.append(.drop(id))
    }
  }

  /// Whether a failed check's connection may still be closed in time by the gateway.
  var isSettling: Bool {
    connections.values.contains { if case .closing(_, failed: true) = $0.role { true } else { false } }
  }

  /// Notes that the gateway, which does not answer, has shown life.
  mutating func noteSign() {
    if fault != nil { hasSign = true }
  }

  // MARK: The link to IBKR

  private mutating func hearLink(_ connectivity: APIError.Connectivity, _ id: ConnectionID, _ now: Duration) {
    switch connectivity {
    case .lost:
      connections[id]?.toldLoss = true
      if linkLoss == nil { linkLoss = LinkLoss(by: id, since: now) }
    case .restored: linkLoss = nil
    case .farmConnected:
      connections[id]?.toldFarm = true
      if id == kept?.id { weighLink(id, now) }
    case .farmBroken: break
    }
  }

  /// The news that the link is back comes on connections that were there when it was lost. Where that one is gone, or has not said more
  /// for long, a later client that hears of connected farms and of no loss knows better.
  mutating func weighLink(_ id: ConnectionID, _ now: Duration) {
    guard let linkLoss, let later = connections[id], later.begun >= linkLoss.since else { return }
    guard later.toldFarm && !later.toldLoss else { return }
    if linkLoss.by != kept?.id || now - linkLoss.since >= timing.linkPatience { self.linkLoss = nil }
  }
}

extension Fault.Kind {
  /// The failure of a check whose connection ended too early.
  init(_ end: GatewayWatch.ConnectionEnd) {
    switch end {
    case .refused: self = .refused
    case .closed: self = .closed
    case .unreachable(let reason): self = .unreachable(reason)
    }
  }
}
