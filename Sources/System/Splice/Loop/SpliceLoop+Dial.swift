import CLinux
import Glibc

/// From a client's first bytes to the gateway.
extension SpliceLoop {
  /// Reads what a waiting client has sent, and dials when that is a hello.
  mutating func readHello(_ slot: Int) {
    let connection = slab.connection(slot)
    let flow = slab.flow(slot, 0)
    let kept = connection.pointee.helloCount
    let scratch = scratch
    withUnsafeBytes(of: connection.pointee.hello) { hello in
      for index in 0..<kept { scratch.storeBytes(of: hello[index], toByteOffset: index, as: UInt8.self) }
    }
    let count = clinux_receive(flow.pointee.source, scratch + kept, Self.scratchSize - kept)
    guard count > 0 else {
      if count == 0 || errno != EAGAIN { refuse(slot, .left) }
      return
    }
    let total = kept + count
    flow.pointee.bytes += UInt64(count)
    if limits.checksHello {
      switch Hello.judge(UnsafeRawBufferPointer(start: scratch, count: total)) {
      case .foreign:
        refuse(slot, .notTheAPI)
        return
      case .incomplete where flow.pointee.ending:
        refuse(slot, .left)
        return
      case .incomplete:
        let bytes = UnsafeRawBufferPointer(start: scratch, count: total)
        withUnsafeMutableBytes(of: &connection.pointee.hello) { $0.copyMemory(from: bytes) }
        connection.pointee.helloCount = total
        return
      case .api: break
      }
    }
    // A whole buffer may not be all; an end that was reported still is to be read.
    flow.pointee.readable = flow.pointee.ending || total == Self.scratchSize
    dial(slot, hello: total)
  }

  /// Dials the gateway and sends it the first `hello` bytes of the scratch buffer. To a gateway on this machine, the connection
  /// usually stands by the time connect(2) returns, though it says otherwise, so sending is tried at once.
  private mutating func dial(_ slot: Int, hello: Int) {
    let connection = slab.connection(slot)
    let route = connection.pointee.route
    guard routes[route].counters.open < limits.clients else {
      refuse(slot, .tooManyClients)
      return
    }
    let descriptor = clinux_tcp_socket(Int32(routes[route].upstream.ss_family))
    guard descriptor >= 0 else {
      refuse(slot, Ending.refusal(dialError: errno))
      return
    }
    if routes[route].isLocal {
      SocketOptions.applyOnThisMachine(to: descriptor)
    } else {
      SocketOptions.apply(to: descriptor, deadPeerTimeout: limits.deadPeerTimeout)
    }
    let up = slab.flow(slot, 0)
    let down = slab.flow(slot, 1)
    up.pointee.sink = descriptor
    down.pointee.source = descriptor
    routes[route].counters.waiting -= 1
    routes[route].counters.open += 1
    connection.pointee.phase = .dialling
    connection.pointee.dialledAt = clinux_monotonic_nanoseconds()
    setDeadline(slot, in: limits.dialTimeout, from: connection.pointee.dialledAt)
    startSniffing(slot, hello: hello)

    var address = routes[route].upstream
    if clinux_connect(descriptor, &address) != 0 && errno != EINPROGRESS {
      refuse(slot, Ending.refusal(dialError: errno))
      return
    }
    let sent = clinux_send(descriptor, scratch, hello)
    let error = sent < 0 ? errno : 0
    guard sent >= 0 || error == EAGAIN else {
      refuse(slot, Ending.refusal(dialError: error))
      return
    }
    if sent < hello { keep(up, from: max(0, sent), to: hello) }
    let token = Token(generation: down.pointee.generation, slot: slot, side: Side.gateway.rawValue)
    guard clinux_epoll_add_socket(epoll, descriptor, token.raw) == 0 else {
      refuse(slot, .descriptors)
      return
    }
    if sent >= 0 { established(slot) }
  }

  /// The gateway's socket has reported while it was being dialled.
  mutating func dialReady(_ slot: Int, _ bits: UInt32) {
    let descriptor = slab.flow(slot, 1).pointee.source
    let error = clinux_option(descriptor, SOL_SOCKET, SO_ERROR)
    if error != 0 {
      refuse(slot, Ending.refusal(dialError: error))
    } else if bits & CLINUX_WRITABLE != 0 {
      established(slot)
      let up = slab.flow(slot, 0)
      let token = Token(generation: up.pointee.generation, slot: slot, side: 0)
      if up.pointee.blocked, flush(up, token), up.pointee.readable { enqueue(up, token) }
    }
  }

  private mutating func established(_ slot: Int) {
    let connection = slab.connection(slot)
    let now = clinux_monotonic_nanoseconds()
    connection.pointee.phase = .relaying
    connection.pointee.activeAt = now
    routes[connection.pointee.route].counters.relayed += 1
    routes[connection.pointee.route].counters.dials.record(Double(now - connection.pointee.dialledAt) / 1e9)
    setDeadline(slot, in: Self.announceAfter, from: now)
    for side in 0..<2 {
      let flow = slab.flow(slot, side)
      flow.pointee.flows = true
      if limits.transfer == .splice && !flow.pointee.watched { startSplicing(flow) }
      if flow.pointee.readable && !flow.pointee.blocked {
        enqueue(flow, Token(generation: flow.pointee.generation, slot: slot, side: side))
      }
    }
  }
}
