import CLinux
import Glibc

/// The relay's event loop: it owns every socket and pipe of the relay, and runs on a thread of its own, which alone touches it. Other
/// threads reach it through the ``Mailbox``.
///
/// It is a struct that is passed `inout` and works on plain memory, so that carrying a message costs no reference counting, no exclusivity
/// check and no allocation: it costs one `epoll_wait`, one `recv` and one `send`. Sockets are registered once, edge-triggered, for
/// everything; what an edge has told is remembered in the flows' flags. `epoll_wait` sleeps without a time-out, since arming a
/// timer for each sleep costs more than a message does; deadlines hang on one timer that ticks only while there are any.
struct SpliceLoop: ~Copyable {
  /// What one route's connections share.
  struct Route {
    let upstream: sockaddr_storage
    let isLocal: Bool
    var listeners: [Int32] = []
    var counters: RouteCounters
  }

  /// A listener's place in the table that its token names; descriptor -1 when the place is free.
  struct Listener {
    var descriptor: Int32
    var route: Int
    var paused = false
  }

  static let scratchSize = 64 * 1024

  let epoll: Int32
  let timer: Int32
  let mailbox: Mailbox
  let scratch: UnsafeMutableRawPointer
  let events: UnsafeMutablePointer<clinux_ready>
  /// A descriptor kept to be closed when none is left, so that a connection can still be accepted and refused.
  var reserve: Int32

  var routes: [Route]
  var listeners: [Listener] = []
  var slab = Slab()
  var pipes = PipePool()
  var admission: Admission
  var limits: RelayLimits
  var nextID: UInt64 = 1

  /// Flows that may have more to read; each gets one turn in each round.
  var runQueue: [Token] = []
  var roundQueue: [Token] = []

  /// The timer's period in milliseconds; 0 while it stands still.
  var tickPeriod = 0
  var snapshot: PendingSnapshot?
  /// Monotonic nanoseconds: when the drain began, and when it must be over. 0 while there is none.
  var drainBegan: UInt64 = 0
  var drainDeadline: UInt64 = 0

  /// A loop that listens nowhere yet.
  static func make(routes: [RelayRoute], limits: RelayLimits, mailbox: Mailbox) throws(RelayError) -> SpliceLoop {
    let action = "make the relay's loop"
    let epoll = clinux_epoll_create()
    guard epoll >= 0 else { throw RelayError(action, errno) }
    let timer = clinux_timerfd()
    let reserve = openReserve()
    guard timer >= 0, reserve >= 0, clinux_epoll_add_level(epoll, mailbox.descriptor, Token.mailbox) == 0,
      clinux_epoll_add_level(epoll, timer, Token.clock) == 0
    else {
      let error = errno
      for descriptor in [epoll, timer, reserve] where descriptor >= 0 { close(descriptor) }
      throw RelayError(action, error)
    }
    return SpliceLoop(epoll, timer, reserve, routes, limits, mailbox)
  }

  private init(
    _ epoll: Int32, _ timer: Int32, _ reserve: Int32, _ routes: [RelayRoute], _ limits: RelayLimits, _ mailbox: Mailbox
  ) {
    self.epoll = epoll
    self.timer = timer
    self.reserve = reserve
    self.mailbox = mailbox
    self.routes = routes.map { route in
      Route(
        upstream: route.upstream.system, isLocal: route.upstream.address.isLoopback,
        counters: RouteCounters(route: route.name))
    }
    self.limits = limits
    admission = Admission(limits: limits)
    scratch = .allocate(byteCount: Self.scratchSize, alignment: 4096)
    events = .allocate(capacity: Int(CLINUX_BATCH))
  }

  deinit {
    for slot in 0..<slab.end where slab.connection(slot).pointee.phase != .free {
      for side in 0..<2 where slab.flow(slot, side).pointee.source >= 0 { close(slab.flow(slot, side).pointee.source) }
    }
    for listener in listeners where listener.descriptor >= 0 { close(listener.descriptor) }
    close(epoll)
    close(timer)
    close(reserve)
    scratch.deallocate()
    events.deallocate()
  }

  static func openReserve() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }

  var isOver: Bool { drainBegan != 0 && slab.live == 0 && snapshot == nil }

  /// Runs until a drain is over.
  mutating func run() {
    while !isOver {
      let isIdle = runQueue.isEmpty && snapshot == nil
      let count = clinux_epoll_wait(epoll, events, isIdle ? -1 : 0)
      for index in 0..<max(0, Int(count)) {
        let ready = events[index]
        let token = Token(raw: ready.token)
        if token.generation != 0 { socketReady(token, ready.bits) } else { ownDescriptorReady(ready.token) }
      }
      if !runQueue.isEmpty { runRound() }
      if snapshot != nil { continueSnapshot() }
    }
    mailbox.post(.stopped)
  }

  /// A socket of a connection has changed its readiness.
  @inline(__always)
  private mutating func socketReady(_ token: Token, _ bits: UInt32) {
    let side = token.side
    let flow = slab.flow(token.slot, side)
    guard flow.pointee.generation == token.generation else { return }
    let ended = CLINUX_PEER_ENDED | CLINUX_HUNG_UP | CLINUX_FAILED
    if bits & (CLINUX_READABLE | ended) != 0 {
      flow.pointee.readable = true
      if bits & ended != 0 { flow.pointee.ending = true }
    }
    guard flow.pointee.flows || slab.flow(token.slot, 1 - side).pointee.flows else {
      coldSocketReady(token, bits)
      return
    }
    if flow.pointee.readable && flow.pointee.flows && !flow.pointee.blocked && !flow.pointee.queued {
      turn(flow, token)
    }
    guard flow.pointee.generation == token.generation else { return }
    if bits & CLINUX_FAILED != 0 && flow.pointee.finished {
      failedAfterItsEnd(token)
      return
    }
    let back = slab.flow(token.slot, 1 - side)
    if back.pointee.blocked && back.pointee.flows && bits & (CLINUX_WRITABLE | ended) != 0 {
      let backToken = Token(generation: token.generation, slot: token.slot, side: 1 - side)
      if flush(back, backToken), back.pointee.readable { enqueue(back, backToken) }
    }
  }

  /// Gives each flow that waits for it one turn.
  private mutating func runRound() {
    swap(&runQueue, &roundQueue)
    for token in roundQueue {
      let flow = slab.flow(token.slot, token.side)
      guard flow.pointee.generation == token.generation else { continue }
      flow.pointee.queued = false
      if flow.pointee.flows {
        if flow.pointee.readable && !flow.pointee.blocked { turn(flow, token) }
      } else if flow.pointee.readable {
        discard(flow, token)
      }
    }
    roundQueue.removeAll(keepingCapacity: true)
  }

  mutating func enqueue(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    guard !flow.pointee.queued else { return }
    flow.pointee.queued = true
    runQueue.append(token)
  }

  private mutating func ownDescriptorReady(_ token: UInt64) {
    switch token {
    case Token.mailbox: carryOutCommands()
    case Token.clock: tick()
    default: accept(on: Int(token - Token.firstListener))
    }
  }

  /// A socket of a connection that does not relay (yet, or any more) has changed its readiness.
  private mutating func coldSocketReady(_ token: Token, _ bits: UInt32) {
    switch slab.connection(token.slot).pointee.phase {
    case .waiting: if slab.connection(token.slot).pointee.mayBegin { readHello(token.slot) }
    case .dialling: if token.side == Side.gateway.rawValue { dialReady(token.slot, bits) }
    case .closing: discard(slab.flow(token.slot, token.side), token)
    case .resetting: resetWhenDelivered(token.slot, isLate: bits & (CLINUX_FAILED | CLINUX_HUNG_UP) != 0)
    case .relaying, .free: break
    }
  }
}
