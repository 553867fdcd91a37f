import CLinux
import Glibc

/// A snapshot under way. It is taken in pieces between rounds, so that a thousand connections do not hold up one message.
struct PendingSnapshot {
  var next = 0
  var connections: [ConnectionStatus] = []
  var answers: [@Sendable (RelaySnapshot) -> Void]
}

extension SpliceLoop {
  private static let piece = 32

  mutating func startSnapshot(_ answer: @escaping @Sendable (RelaySnapshot) -> Void) {
    if snapshot == nil { snapshot = PendingSnapshot(answers: [answer]) } else { snapshot?.answers.append(answer) }
  }

  mutating func continueSnapshot() {
    guard var pending = snapshot else { return }
    let end = min(pending.next + Self.piece, slab.end)
    while pending.next < end {
      if slab.connection(pending.next).pointee.phase == .relaying { pending.connections.append(status(pending.next)) }
      pending.next += 1
    }
    guard end == slab.end else {
      snapshot = pending
      return
    }
    snapshot = nil
    let result = RelaySnapshot(connections: pending.connections, routes: currentCounters())
    for answer in pending.answers { answer(result) }
  }

  /// The counters with the bytes of the connections that are still open.
  private func currentCounters() -> [RouteCounters] {
    var all = routes.map(\.counters)
    for slot in 0..<slab.end where slab.connection(slot).pointee.phase != .free {
      let route = slab.connection(slot).pointee.route
      all[route].bytesFromClients += slab.flow(slot, 0).pointee.bytes
      all[route].bytesFromGateway += slab.flow(slot, 1).pointee.bytes
    }
    return all
  }

  func record(_ slot: Int) -> ConnectionRecord {
    let connection = slab.connection(slot)
    let handshake = connection.pointee.sniffer.map { Handshake($0.pointee) } ?? connection.pointee.handshake
    return ConnectionRecord(
      id: connection.pointee.id, route: connection.pointee.route, peer: connection.pointee.peer,
      acceptedAt: connection.pointee.acceptedWall,
      duration: clinux_monotonic_nanoseconds() - connection.pointee.acceptedAt, handshake: handshake,
      bytesFromClient: slab.flow(slot, 0).pointee.bytes, bytesFromGateway: slab.flow(slot, 1).pointee.bytes,
      ending: connection.pointee.ending)
  }

  private func status(_ slot: Int) -> ConnectionStatus {
    let flows = (slab.flow(slot, 0), slab.flow(slot, 1))
    return ConnectionStatus(
      record: record(slot), client: leg(flows.0.pointee.source), gateway: leg(flows.1.pointee.source),
      spliced: (flows.0.pointee.mode.splices ? 1 : 0) + (flows.1.pointee.mode.splices ? 1 : 0))
  }

  private func leg(_ descriptor: Int32) -> ConnectionStatus.Leg {
    var roundTrip: UInt32 = 0
    var retransmitted: UInt32 = 0
    _ = clinux_tcp_health(descriptor, &roundTrip, &retransmitted)
    return ConnectionStatus.Leg(
      roundTrip: roundTrip, retransmitted: retransmitted, unacknowledged: Int(clinux_unacknowledged(descriptor)))
  }
}
