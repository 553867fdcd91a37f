import CLinux
import Glibc

/// Deadlines, on one timer that ticks only while something waits for it.
extension SpliceLoop {
  private static let coarse = 250
  private static let fine = 25
  /// In a drain a connection is cut when it has carried nothing for this long: an answer that is on its way is through by then.
  private static let drainPause: UInt64 = 200_000_000
  /// How long a drain waits for such a pause.
  private static let drainPatience: UInt64 = 1_000_000_000

  /// Ends the connection's phase in so many seconds; 0 is never. A fine deadline needs the timer's short period.
  mutating func setDeadline(_ slot: Int, in seconds: Double, from now: UInt64, isFine: Bool = false) {
    slab.connection(slot).pointee.deadline = seconds > 0 ? now + UInt64(seconds * 1e9) : 0
    armClock(isFine: isFine)
  }

  mutating func armClock(isFine: Bool = false) {
    let period = isFine ? Self.fine : Self.coarse
    guard tickPeriod == 0 || tickPeriod > period else { return }
    setPeriod(period)
  }

  private mutating func setPeriod(_ period: Int) {
    guard period != tickPeriod else { return }
    tickPeriod = period
    _ = clinux_timerfd_every(timer, period)
  }

  mutating func tick() {
    var expirations: UInt64 = 0
    read(timer, &expirations, 8)
    let now = clinux_monotonic_nanoseconds()
    var period = 0
    for slot in 0..<slab.end where slab.connection(slot).pointee.phase != .free {
      look(at: slot, now)
      period = shorter(period, periodNeeded(by: slot))
    }
    if resumeListeners() { period = shorter(period, Self.coarse) }
    if drainBegan != 0 { period = Self.fine }
    setPeriod(period)
  }

  private func shorter(_ one: Int, _ other: Int) -> Int {
    if one == 0 { return other }
    return other == 0 ? one : min(one, other)
  }

  private func periodNeeded(by slot: Int) -> Int {
    let connection = slab.connection(slot)
    switch connection.pointee.phase {
    case .free: return 0
    case .resetting: return Self.fine
    case .relaying: return limits.idleTimeout > 0 || connection.pointee.deadline != 0 ? Self.coarse : 0
    case .waiting, .dialling, .closing: return connection.pointee.deadline != 0 ? Self.coarse : 0
    }
  }

  private mutating func look(at slot: Int, _ now: UInt64) {
    let connection = slab.connection(slot)
    let deadline = connection.pointee.deadline
    let mustEnd = drainDeadline != 0 && now >= drainDeadline
    let isOver = mustEnd || deadline != 0 && now >= deadline
    switch connection.pointee.phase {
    case .free: break
    case .waiting: if isOver { refuse(slot, connection.pointee.mayBegin ? .silent : .callerUnknown) }
    case .dialling: if isOver { refuse(slot, .gatewayTimeout) }
    case .closing: if isOver { end(slot) }
    case .resetting: resetWhenDelivered(slot, isLate: isOver)
    case .relaying where mustEnd:
      cut(slot, .stopped)
      end(slot)
    case .relaying:
      if isOver { announce(slot) }
      lookForPause(slot, now)
    }
  }

  /// Cuts a relayed connection that carries nothing: after the idle time-out, or in a drain at its first pause.
  private mutating func lookForPause(_ slot: Int, _ now: UInt64) {
    let connection = slab.connection(slot)
    let up = slab.flow(slot, 0)
    let down = slab.flow(slot, 1)
    let bytes = up.pointee.bytes &+ down.pointee.bytes
    if bytes != connection.pointee.bytesSeen || up.pointee.blocked || down.pointee.blocked {
      connection.pointee.bytesSeen = bytes
      connection.pointee.activeAt = now
    }
    let quiet = now - max(connection.pointee.activeAt, drainBegan)
    if drainBegan != 0 {
      if quiet >= Self.drainPause || now - drainBegan > Self.drainPatience { cut(slot, .stopped) }
    } else if limits.idleTimeout > 0, Double(quiet) / 1e9 >= limits.idleTimeout {
      cut(slot, .idle)
    }
  }

  /// Listens again where accepting had failed for lack of memory or descriptors. True when there was such a listener.
  private mutating func resumeListeners() -> Bool {
    var found = false
    for index in listeners.indices where listeners[index].paused && listeners[index].descriptor >= 0 {
      found = true
      if reserve < 0 { reserve = Self.openReserve() }
      let token = Token.firstListener + UInt64(index)
      listeners[index].paused = clinux_epoll_add_level(epoll, listeners[index].descriptor, token) != 0
    }
    return found
  }
}
