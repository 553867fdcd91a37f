import CLinux
import Glibc

/// Taking connections from the listeners, or refusing them.
extension SpliceLoop {
  /// Connections accepted on one listener before the others and the open connections have their turn again.
  private static let acceptBatch = 32

  mutating func accept(on index: Int) {
    guard listeners.indices.contains(index), listeners[index].descriptor >= 0 else { return }
    for _ in 0..<Self.acceptBatch {
      var address = sockaddr_storage()
      let descriptor = clinux_accept(listeners[index].descriptor, &address)
      if descriptor < 0 {
        let error = errno
        if error == EMFILE || error == ENFILE { if refuseWithReserve(index) { continue } }
        if error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM { pause(index, error) }
        return
      }
      accepted(descriptor, Endpoint(address), route: listeners[index].route)
    }
  }

  private mutating func accepted(_ descriptor: Int32, _ peer: Endpoint?, route: Int) {
    routes[route].counters.accepted += 1
    guard let peer else {
      close(descriptor)
      return
    }
    let now = clinux_monotonic_nanoseconds()
    let counters = routes[route].counters
    if let refusal = admission.refusal(of: peer.address, at: now, clients: counters.open, waiting: counters.waiting) {
      clinux_close_with_reset(descriptor)
      refused(0, route, peer, refusal)
      return
    }
    let slot = slab.take()
    let connection = slab.connection(slot)
    connection.pointee.phase = .waiting
    connection.pointee.route = route
    connection.pointee.id = nextID
    connection.pointee.peer = peer
    connection.pointee.acceptedAt = now
    connection.pointee.acceptedWall = clinux_wall_nanoseconds()
    nextID += 1
    routes[route].counters.waiting += 1
    let flow = slab.flow(slot, 0)
    flow.pointee.source = descriptor
    slab.flow(slot, 1).pointee.sink = descriptor
    connection.pointee.mayBegin = !limits.awaitsLeave
    if limits.awaitsLeave {
      setDeadline(slot, in: limits.leaveTimeout, from: now)
    } else if limits.checksHello {
      setDeadline(slot, in: limits.helloTimeout, from: now)
    }
    let token = Token(generation: flow.pointee.generation, slot: slot, side: Side.client.rawValue)
    if limits.tellsAccepted {
      mailbox.post(
        .accepted(ConnectionTicket(raw: token.raw), id: connection.pointee.id, route: route, peer: peer))
    }
    if clinux_epoll_add_socket(epoll, descriptor, token.raw) != 0 { refuse(slot, .descriptors) }
  }

  /// With no descriptor left, gives up the reserve for a moment to take the connection and reset it: left in the queue it would
  /// wake the loop for ever. False when even that is impossible.
  private mutating func refuseWithReserve(_ index: Int) -> Bool {
    guard reserve >= 0 else { return false }
    close(reserve)
    var address = sockaddr_storage()
    let descriptor = clinux_accept(listeners[index].descriptor, &address)
    if descriptor >= 0 { clinux_close_with_reset(descriptor) }
    reserve = Self.openReserve()
    guard descriptor >= 0 else { return false }
    routes[listeners[index].route].counters.accepted += 1
    if let peer = Endpoint(address) { refused(0, listeners[index].route, peer, .descriptors) }
    return true
  }

  /// Stops listening to a listener until the clock looks again.
  private mutating func pause(_ index: Int, _ error: Int32) {
    _ = clinux_epoll_remove(epoll, listeners[index].descriptor)
    listeners[index].paused = true
    armClock()
    mailbox.post(.acceptFailed(route: listeners[index].route, error: error))
  }
}
