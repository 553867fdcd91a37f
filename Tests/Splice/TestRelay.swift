import Glibc
import Synchronization
import Testing

@testable import Splice

/// A relay in this process with one route, and what it has told.
final class TestRelay: Sendable {
  let relay: Relay
  let endpoint: Endpoint
  private let events: TestEvents

  init(to upstream: Endpoint, _ change: (inout RelayLimits) -> Void = { _ in }) throws {
    signal(SIGPIPE, SIG_IGN)
    var limits = RelayLimits()
    limits.rate = 0
    change(&limits)
    let events = TestEvents()
    self.events = events
    relay = try Relay(
      routes: [RelayRoute(name: "live", upstream: upstream)], limits: limits, onEvents: { events.wake() })
    endpoint = try relay.listen(on: Endpoint(IPAddress(v4: 0x7f00_0001), 0), route: 0)
  }

  deinit { relay.drain(within: 0.1) }

  static let hello: [UInt8] = Array("API\0".utf8) + [0, 0, 0, 9] + Array("v100..187".utf8)

  /// A client that has said hello; the gateway is dialled.
  func client() throws -> TestConnection {
    let client = try TestConnection(to: endpoint)
    client.send(Self.hello)
    return client
  }

  /// A client that an echoing gateway has answered.
  func answeredClient() throws -> TestConnection {
    let client = try client()
    #expect(client.receive(exactly: Self.hello.count) == Self.hello)
    return client
  }

  /// The first event, of those already told or within ten seconds, for which `pick` has a value.
  func event<Value: Sendable>(_ pick: (RelayEvent) -> Value?) -> Value? {
    events.wait { [relay] in
      relay.takeEvents()
    } until: {
      $0.lazy.compactMap(pick).first
    }
  }

  func closed() -> ConnectionRecord? {
    event { if case .closed(let record) = $0 { record } else { nil } }
  }

  func refusal() -> Refusal? {
    event { if case .refused(_, _, _, let reason) = $0 { reason } else { nil } }
  }

  /// The ticket and number of the first connection that was told at its accept.
  func accepted() -> (ticket: ConnectionTicket, id: UInt64)? {
    event { if case .accepted(let ticket, let id, _, _) = $0 { (ticket, id) } else { nil } }
  }

  func snapshot() -> RelaySnapshot? {
    let answer = TestAnswer<RelaySnapshot>()
    relay.snapshot { answer.give($0) }
    return answer.wait()
  }

  func kick(_ id: UInt64) -> Bool? {
    let answer = TestAnswer<Bool>()
    relay.kick(id: id) { answer.give($0) }
    return answer.wait()
  }
}

/// Waits for events by a condition variable, with a deadline.
final class TestEvents: Sendable {
  private let seen = Mutex<[RelayEvent]>([])
  private let bell = TestBell()

  func wake() { bell.ring() }

  func wait<Value>(_ take: () -> [RelayEvent], until pick: ([RelayEvent]) -> Value?) -> Value? {
    let deadline = time(nil) + 10
    while true {
      let rings = bell.count
      let new = take()
      let all = seen.withLock { seen in
        seen += new
        return seen
      }
      if let value = pick(all) { return value }
      // Only who has found nothing is woken.
      guard new.isEmpty else { continue }
      guard bell.wait(after: rings, until: deadline) else { return nil }
    }
  }
}

/// One value from another thread.
final class TestAnswer<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let bell = TestBell()

  func give(_ value: Value) {
    self.value.withLock { $0 = value }
    bell.ring()
  }

  func wait() -> Value? {
    _ = bell.wait(after: 0, until: time(nil) + 10)
    return value.withLock { $0 }
  }
}

/// A counter that can be waited for: an eventfd would do for one waiter, this does for any.
final class TestBell: Sendable {
  // Both pointers are set once and lead to what POSIX makes safe to share; `rings` is read and written under the mutex alone.
  private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private nonisolated(unsafe) let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private nonisolated(unsafe) let rings = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    rings.initialize(to: 0)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    condition.deallocate()
    rings.deallocate()
  }

  var count: Int {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return rings.pointee
  }

  func ring() {
    pthread_mutex_lock(mutex)
    rings.pointee += 1
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a ring after so many; false when there was none by the wall clock's `deadline`.
  func wait(after count: Int, until deadline: time_t) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var limit = timespec(tv_sec: deadline, tv_nsec: 0)
    while rings.pointee <= count {
      if pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT { return rings.pointee > count }
    }
    return true
  }
}
