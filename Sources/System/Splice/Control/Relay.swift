import CLinux
import Glibc

/// What is relayed: clients of a route go to its upstream.
public struct RelayRoute: Sendable, Hashable {
  /// The route's name, such as `live`.
  public let name: String
  /// Where the gateway serves its API.
  public let upstream: Endpoint

  /// A route of its parts.
  public init(name: String, upstream: Endpoint) {
    self.name = name
    self.upstream = upstream
  }
}

/// The relay at one moment.
public struct RelaySnapshot: Sendable {
  /// The connections that are relayed.
  public let connections: [ConnectionStatus]
  /// What each route has done, in the order of the routes.
  public let routes: [RouteCounters]
}

/// The relay of TCP connections between clients and gateways: a thread that carries bytes, and this handle on it, which any thread may
/// use. Nothing here waits for the thread. A relay ends only by ``drain(within:)``.
public final class Relay: Sendable {
  private let mailbox: Mailbox
  private let limits: RelayLimits

  /// Starts the relay's thread; it listens nowhere yet. The process must ignore SIGPIPE. `onEvents` is called on that thread when
  /// events wait to be taken, and must return at once; see ``takeEvents()``.
  public init(
    routes: [RelayRoute], limits: RelayLimits, onEvents: @escaping @Sendable () -> Void
  ) throws(RelayError) {
    self.limits = limits
    mailbox = try Mailbox(onEvents: onEvents)
    try RelayThread.start(SpliceLoop.make(routes: routes, limits: limits, mailbox: mailbox))
  }

  /// Listens on `endpoint` for the route of this index, beside where it listens already. Returns where it really listens: with port
  /// 0, the port that the system chose.
  @discardableResult
  public func listen(on endpoint: Endpoint, route: Int) throws(RelayError) -> Endpoint {
    let descriptor = try ListeningSocket.open(endpoint, deadPeerTimeout: limits.deadPeerTimeout)
    let real = ListeningSocket.endpoint(of: descriptor) ?? endpoint
    mailbox.send(.listen(route: route, descriptor: descriptor))
    return real
  }

  /// Closes every listener of the route. Its connections stay.
  public func closeListeners(route: Int) { mailbox.send(.closeListeners(route: route)) }

  /// Closes the route's listener on this endpoint, as ``listen(on:route:)`` has returned it. Its connections stay.
  public func closeListener(on endpoint: Endpoint, route: Int) { mailbox.send(.closeListener(route: route, endpoint)) }

  /// Whether connections that are accepted from now on wait for ``admit(_:)``.
  public func awaitLeave(_ awaits: Bool) { mailbox.send(.awaitLeave(awaits)) }

  /// Lets a connection that waits for it go on.
  public func admit(_ ticket: ConnectionTicket) { mailbox.send(.admit(ticket)) }

  /// Refuses a connection for the one reason, or ends it for the other if it is relayed already.
  public func dismiss(_ ticket: ConnectionTicket, refusal: Refusal, reason: EndReason) {
    mailbox.send(.dismiss(ticket, refusal, reason))
  }

  /// Changes who may connect, and cuts the connections of those who may not any more.
  public func allow(_ ranges: [AddressRange]) { mailbox.send(.allow(ranges)) }

  /// Closes one connection. The answer, on the relay's thread, is false when there is none of this number.
  public func kick(id: UInt64, answer: @escaping @Sendable (Bool) -> Void) {
    mailbox.send(.kick(id: id, answer: answer))
  }

  /// Asks what is so now. The answer comes on the relay's thread.
  public func snapshot(answer: @escaping @Sendable (RelaySnapshot) -> Void) {
    mailbox.send(.snapshot(answer: answer))
  }

  /// Stops the relay: closes all listeners, lets what is on its way through, ends the connections, and after `seconds` at the
  /// latest closes what is left. ``RelayEvent/stopped`` is the last event.
  public func drain(within seconds: Double) { mailbox.send(.drain(within: seconds)) }

  /// The events that have happened since the last call, in order. `onEvents` is called for the first event after a call that has
  /// returned none: who has got some asks again, now or a little later, and so is woken once and not for each of a thousand.
  public func takeEvents() -> [RelayEvent] { mailbox.takeEvents() }

  /// How many events were lost because nobody took them.
  public var droppedEvents: UInt64 { mailbox.droppedEvents }
}

/// The thread of one loop.
private enum RelayThread {
  /// Hands the loop over to the thread, which is its only user from then on.
  private final class Cargo {
    var loop: SpliceLoop?
    init(_ loop: consuming SpliceLoop) { self.loop = consume loop }
  }

  static func start(_ loop: consuming SpliceLoop) throws(RelayError) {
    let cargo = Unmanaged.passRetained(Cargo(loop))
    var thread = pthread_t()
    let error = pthread_create(&thread, nil, { RelayThread.main($0) }, cargo.toOpaque())
    guard error == 0 else {
      cargo.release()
      throw RelayError("start the relay's thread", error)
    }
    pthread_detach(thread)
  }

  private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let cargo = Unmanaged<Cargo>.fromOpaque(context).takeRetainedValue()
    guard var loop = cargo.loop.take() else { return nil }
    loop.run()
    return nil
  }
}
