import CLinux
import Glibc

/// How connections end. An end of stream is passed on as such, each way for itself; a failed socket ends both ways, and the other
/// peer is told by a reset, but only when it has got all that came before the failure.
extension SpliceLoop {
  /// How long a peer that was sent the end of the stream may take to answer with its own.
  static let closingTime = 2.0
  /// How long a peer may take to acknowledge what it was sent, before it is sent a reset.
  static let deliveryTime = 1.0

  /// The source has ended its stream, and everything before that is sent.
  mutating func sourceEnded(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    if flow.pointee.broken { return socketFailed(token.slot, side: token.side) }
    note(token.slot, Ending(by: party(token.side), reason: .closed))
    finish(flow)
    if slab.flow(token.slot, 1 - token.side).pointee.finished {
      end(token.slot)
    } else {
      shutdown(flow.pointee.sink, Int32(SHUT_WR))
    }
  }

  /// The source cannot be read any more. All that it had sent before is passed on already.
  mutating func sourceFailed(_ flow: UnsafeMutablePointer<Flow>, _ token: Token, _ error: Int32) {
    note(token.slot, .failure(of: party(token.side), error: error))
    socketFailed(token.slot, side: token.side)
  }

  /// The sink cannot be written any more. What was for it is lost; what it has sent before it failed is not, and is read first.
  mutating func sinkFailed(_ flow: UnsafeMutablePointer<Flow>, _ token: Token, _ error: Int32) {
    note(token.slot, .failure(of: party(1 - token.side), error: error))
    finish(flow)
    let back = slab.flow(token.slot, 1 - token.side)
    if back.pointee.finished { return socketFailed(token.slot, side: 1 - token.side) }
    back.pointee.broken = true
    back.pointee.readable = true
    back.pointee.ending = true
    enqueue(back, Token(generation: token.generation, slot: token.slot, side: 1 - token.side))
  }

  /// A socket whose stream had ended has failed since, so that nothing can be sent to it.
  mutating func failedAfterItsEnd(_ token: Token) {
    guard slab.connection(token.slot).pointee.phase == .relaying else { return }
    let error = clinux_option(slab.flow(token.slot, token.side).pointee.source, SOL_SOCKET, SO_ERROR)
    note(token.slot, .failure(of: party(token.side), error: error == 0 ? ECONNRESET : error))
    socketFailed(token.slot, side: token.side)
  }

  /// Closes the failed socket, and resets the other one as soon as its peer has everything.
  private mutating func socketFailed(_ slot: Int, side: Int) {
    let dead = slab.flow(slot, side)
    let other = slab.flow(slot, 1 - side)
    finish(dead)
    finish(other)
    close(dead.pointee.source)
    dead.pointee.source = -1
    slab.connection(slot).pointee.phase = .resetting
    setDeadline(slot, in: Self.deliveryTime, from: clinux_monotonic_nanoseconds(), isFine: true)
    resetWhenDelivered(slot)
  }

  /// Resets the surviving socket if its peer has acknowledged everything, or when it is too late for that.
  mutating func resetWhenDelivered(_ slot: Int, isLate: Bool = false) {
    let side = slab.flow(slot, 0).pointee.source < 0 ? 1 : 0
    let survivor = slab.flow(slot, side)
    guard isLate || clinux_unacknowledged(survivor.pointee.source) == 0 else { return }
    clinux_close_with_reset(survivor.pointee.source)
    survivor.pointee.source = -1
    end(slot)
  }

  /// Ends a relayed connection from our side: both peers get the regular end of the stream, and what they still send is dropped.
  mutating func cut(_ slot: Int, _ reason: EndReason) {
    let connection = slab.connection(slot)
    guard connection.pointee.phase == .relaying else { return }
    note(slot, Ending(by: .relay, reason: reason))
    connection.pointee.phase = .closing
    setDeadline(slot, in: Self.closingTime, from: clinux_monotonic_nanoseconds())
    for side in 0..<2 {
      let flow = slab.flow(slot, side)
      let hadEnded = flow.pointee.finished
      finish(flow)
      flow.pointee.finished = hadEnded
      shutdown(flow.pointee.source, Int32(SHUT_WR))
      if !hadEnded {
        flow.pointee.readable = true
        enqueue(flow, Token(generation: flow.pointee.generation, slot: slot, side: side))
      }
    }
  }

  /// Drops what a peer still sends after a cut, so that its own end is seen and closing does not reset it.
  mutating func discard(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    guard slab.connection(token.slot).pointee.phase == .closing, !flow.pointee.finished else { return }
    let count = clinux_receive(flow.pointee.source, scratch, Self.scratchSize)
    let error = count < 0 ? errno : 0
    if count > 0 || error == EINTR {
      enqueue(flow, token)
    } else if error == EAGAIN {
      flow.pointee.readable = false
    } else {
      flow.pointee.finished = true
      if slab.flow(token.slot, 1 - token.side).pointee.finished { end(token.slot) }
    }
  }

  /// Ends a direction: nothing is read or sent by it any more.
  private mutating func finish(_ flow: UnsafeMutablePointer<Flow>) {
    flow.pointee.flows = false
    flow.pointee.finished = true
    flow.pointee.readable = false
    releaseBuffer(flow)
    releasePipe(flow)
  }

  /// Keeps the first reason for an end: what follows is only its consequence.
  private func note(_ slot: Int, _ ending: Ending) {
    let connection = slab.connection(slot)
    if connection.pointee.ending == nil { connection.pointee.ending = ending }
  }

  private func party(_ side: Int) -> Party { side == Side.client.rawValue ? .client : .gateway }

  /// Closes what is still open of a relayed connection, tells of it and frees the slot.
  mutating func end(_ slot: Int) {
    announce(slot)
    let connection = slab.connection(slot)
    mailbox.post(.closed(record(slot)))
    let lasted = clinux_monotonic_nanoseconds() - connection.pointee.acceptedAt
    let route = connection.pointee.route
    routes[route].counters.open -= 1
    routes[route].counters.durations.record(Double(lasted) / 1e9)
    routes[route].counters.bytesFromClients += slab.flow(slot, 0).pointee.bytes
    routes[route].counters.bytesFromGateway += slab.flow(slot, 1).pointee.bytes
    free(slot) { close($0) }
  }

  /// Ends a connection that has not reached the gateway.
  mutating func refuse(_ slot: Int, _ refusal: Refusal) {
    let connection = slab.connection(slot)
    let route = connection.pointee.route
    if connection.pointee.phase == .waiting {
      routes[route].counters.waiting -= 1
    } else {
      routes[route].counters.open -= 1
    }
    let (id, peer) = (connection.pointee.id, connection.pointee.peer)
    free(slot) { clinux_close_with_reset($0) }
    refused(id, route, peer, refusal)
  }

  mutating func refused(_ id: UInt64, _ route: Int, _ peer: Endpoint, _ refusal: Refusal) {
    routes[route].counters.count(refusal)
    mailbox.post(.refused(id: id, route: route, peer: peer, refusal))
  }

  private mutating func free(_ slot: Int, closing: (Int32) -> Void) {
    endSniffing(slot)
    for side in 0..<2 {
      let flow = slab.flow(slot, side)
      finish(flow)
      if flow.pointee.source >= 0 { closing(flow.pointee.source) }
      flow.pointee.source = -1
    }
    slab.release(slot)
  }
}
