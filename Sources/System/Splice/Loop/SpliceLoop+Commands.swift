import CLinux
import Glibc

/// What the control plane asks for.
extension SpliceLoop {
  mutating func carryOutCommands() {
    for command in mailbox.takeCommands() {
      switch command {
      case .listen(let route, let descriptor): listen(route, descriptor)
      case .closeListeners(let route): closeListeners { $0.route == route }
      case .closeListener(let route, let endpoint):
        closeListeners { $0.route == route && ListeningSocket.endpoint(of: $0.descriptor) == endpoint }
      case .allow(let ranges): allow(ranges)
      case .awaitLeave(let awaits): limits.awaitsLeave = awaits
      case .admit(let ticket): admit(Token(raw: ticket.raw))
      case .dismiss(let ticket, let refusal, let reason): dismiss(Token(raw: ticket.raw), refusal, reason)
      case .kick(let id, let answer): answer(kick(id))
      case .snapshot(let answer): startSnapshot(answer)
      case .drain(let seconds): drain(within: seconds)
      }
    }
  }

  private mutating func listen(_ route: Int, _ descriptor: Int32) {
    guard drainBegan == 0 else {
      close(descriptor)
      return
    }
    let listener = Listener(descriptor: descriptor, route: route)
    let index: Int
    if let free = listeners.firstIndex(where: { $0.descriptor < 0 }) {
      index = free
      listeners[index] = listener
    } else {
      index = listeners.count
      listeners.append(listener)
    }
    if clinux_epoll_add_level(epoll, descriptor, Token.firstListener + UInt64(index)) != 0 {
      listeners[index].paused = true
      armClock()
    }
  }

  private mutating func closeListeners(where matches: (Listener) -> Bool) {
    for index in listeners.indices where listeners[index].descriptor >= 0 && matches(listeners[index]) {
      close(listeners[index].descriptor)
      listeners[index].descriptor = -1
      listeners[index].paused = false
    }
  }

  private mutating func allow(_ ranges: [AddressRange]) {
    limits.allowed = ranges
    admission.limits.allowed = ranges
    for slot in 0..<slab.end where !admission.allows(slab.connection(slot).pointee.peer.address) {
      switch slab.connection(slot).pointee.phase {
      case .waiting, .dialling: refuse(slot, .notAllowed)
      case .relaying: cut(slot, .notAllowed)
      case .free, .closing, .resetting: break
      }
    }
  }

  /// What the client has sent while it waited is read now: its edge has been and gone.
  private mutating func admit(_ token: Token) {
    let flow = slab.flow(token.slot, token.side)
    let connection = slab.connection(token.slot)
    guard flow.pointee.generation == token.generation, connection.pointee.phase == .waiting,
      !connection.pointee.mayBegin
    else { return }
    connection.pointee.mayBegin = true
    setDeadline(
      token.slot, in: limits.checksHello ? limits.helloTimeout : 0, from: clinux_monotonic_nanoseconds())
    if flow.pointee.readable { readHello(token.slot) }
  }

  private mutating func dismiss(_ token: Token, _ refusal: Refusal, _ reason: EndReason) {
    guard slab.flow(token.slot, token.side).pointee.generation == token.generation else { return }
    switch slab.connection(token.slot).pointee.phase {
    case .waiting, .dialling: refuse(token.slot, refusal)
    case .relaying: cut(token.slot, reason)
    case .free, .closing, .resetting: break
    }
  }

  private mutating func kick(_ id: UInt64) -> Bool {
    for slot in 0..<slab.end
    where slab.connection(slot).pointee.id == id && slab.connection(slot).pointee.phase == .relaying {
      cut(slot, .kicked)
      return true
    }
    return false
  }

  /// Listeners first; who has not reached the gateway is refused; the others are cut when they pause, and at the latest when a
  /// third of the time has gone by, so that their peers can answer with the end of their own streams.
  private mutating func drain(within seconds: Double) {
    guard drainBegan == 0 else { return }
    closeListeners { _ in true }
    drainBegan = clinux_monotonic_nanoseconds()
    drainDeadline = drainBegan + UInt64(seconds * 1e9)
    for slot in 0..<slab.end {
      switch slab.connection(slot).pointee.phase {
      case .waiting, .dialling: refuse(slot, .stopping)
      case .free, .relaying, .closing, .resetting: break
      }
    }
    armClock(isFine: true)
  }
}
