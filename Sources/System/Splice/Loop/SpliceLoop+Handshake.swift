import TWSProtocol

/// Learning who a client is from its handshake, as it passes by.
extension SpliceLoop {
  /// After so many seconds a client is announced also without a whole handshake.
  static let announceAfter = 2.0

  mutating func startSniffing(_ slot: Int, hello: Int) {
    let sniffer = UnsafeMutablePointer<HandshakeSniffer>.allocate(capacity: 1)
    sniffer.initialize(to: HandshakeSniffer())
    sniffer.pointee.observeClient(UnsafeRawBufferPointer(start: scratch, count: hello))
    slab.connection(slot).pointee.sniffer = sniffer
    for side in 0..<2 { slab.flow(slot, side).pointee.watched = true }
  }

  /// Shows `count` bytes of the scratch buffer, on their way from `token.side`, to the connection's sniffer.
  mutating func sniff(_ token: Token, _ count: Int) {
    guard let sniffer = slab.connection(token.slot).pointee.sniffer else { return }
    let bytes = UnsafeRawBufferPointer(start: scratch, count: count)
    if token.side == Side.client.rawValue {
      sniffer.pointee.observeClient(bytes)
    } else {
      sniffer.pointee.observeServer(bytes)
    }
    // A direction of which enough was seen is free to be spliced, though the other one has not said anything yet.
    let flow = slab.flow(token.slot, token.side)
    if flow.pointee.bytes >= UInt64(HandshakeSniffer.patience) { unwatch(flow) }
    guard sniffer.pointee.isFinished else { return }
    endSniffing(token.slot)
    announce(token.slot)
  }

  private mutating func unwatch(_ flow: UnsafeMutablePointer<Flow>) {
    guard flow.pointee.watched else { return }
    flow.pointee.watched = false
    if limits.transfer == .splice && flow.pointee.flows { startSplicing(flow) }
  }

  /// Takes over what the sniffer has learned, and frees it.
  mutating func endSniffing(_ slot: Int) {
    let connection = slab.connection(slot)
    guard let sniffer = connection.pointee.sniffer else { return }
    connection.pointee.handshake = Handshake(sniffer.pointee)
    connection.pointee.sniffer = nil
    sniffer.deinitialize(count: 1)
    sniffer.deallocate()
    for side in 0..<2 { unwatch(slab.flow(slot, side)) }
  }

  /// Tells the control plane of a relayed connection, once.
  mutating func announce(_ slot: Int) {
    let connection = slab.connection(slot)
    guard !connection.pointee.announced else { return }
    connection.pointee.announced = true
    if connection.pointee.phase == .relaying { connection.pointee.deadline = 0 }
    mailbox.post(.opened(record(slot)))
  }
}

extension Handshake {
  init(_ sniffer: HandshakeSniffer) {
    clientVersion = sniffer.clientVersions?.upperBound
    serverVersion = sniffer.serverVersion
    clientID = sniffer.clientID
  }
}
