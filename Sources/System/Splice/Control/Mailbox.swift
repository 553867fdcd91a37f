import CLinux
import Glibc
import Synchronization

/// What the control plane asks of the loop.
enum Command: Sendable {
  case listen(route: Int, descriptor: Int32)
  case closeListeners(route: Int)
  case closeListener(route: Int, Endpoint)
  case allow([AddressRange])
  case awaitLeave(Bool)
  case admit(ConnectionTicket)
  case dismiss(ConnectionTicket, Refusal, EndReason)
  case kick(id: UInt64, answer: @Sendable (Bool) -> Void)
  case snapshot(answer: @Sendable (RelaySnapshot) -> Void)
  case drain(within: Double)
}

/// The only memory that the relay's thread and its control plane share: commands one way, events the other. Each side holds a lock
/// just long enough to append one element or to take all of them.
final class Mailbox: Sendable {
  private struct Events {
    var queue: [RelayEvent] = []
    var dropped: UInt64 = 0
    /// Nobody has been woken since the queue was last found empty.
    var isAwaited = true
  }

  /// How many events wait at most. What does not fit is dropped and counted: a control plane that stands still, behind a full
  /// disk for one, never makes the relay wait.
  static let capacity = 8192

  /// Readable while commands wait.
  let descriptor: Int32
  private let commands = Mutex<[Command]>([])
  private let events = Mutex(Events())
  private let onEvents: @Sendable () -> Void

  init(onEvents: @escaping @Sendable () -> Void) throws(RelayError) {
    descriptor = clinux_eventfd()
    guard descriptor >= 0 else { throw RelayError("make the relay's mailbox", errno) }
    self.onEvents = onEvents
  }

  deinit { close(descriptor) }

  func send(_ command: Command) {
    commands.withLock { $0.append(command) }
    var one: UInt64 = 1
    write(descriptor, &one, 8)
  }

  func takeCommands() -> [Command] {
    var count: UInt64 = 0
    read(descriptor, &count, 8)
    return commands.withLock { waiting in
      let taken = waiting
      waiting = []
      return taken
    }
  }

  /// Called by the relay's thread. The control plane is woken by the first event after it has found none.
  func post(_ event: RelayEvent) {
    let wakes = events.withLock { events in
      guard events.queue.count < Self.capacity || event.isLast else {
        events.dropped += 1
        return false
      }
      events.queue.append(event)
      defer { events.isAwaited = false }
      return events.isAwaited
    }
    if wakes { onEvents() }
  }

  func takeEvents() -> [RelayEvent] {
    events.withLock { events in
      let taken = events.queue
      events.queue = []
      events.isAwaited = taken.isEmpty
      return taken
    }
  }

  var droppedEvents: UInt64 { events.withLock { $0.dropped } }
}
