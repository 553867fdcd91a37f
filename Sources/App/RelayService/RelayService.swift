import Callers
import Files
import NIOCore
import Splice
import Tailnet

/// The control plane of a relay process: it decides when the routes listen, writes the logs and answers the control API. The bytes
/// flow on the relay's own thread, and never wait for anything here.
///
/// Everything is owned by `loop`, and must be called there.
public final class RelayService {
  let configuration: RelayServiceConfiguration
  let loop: any EventLoop
  let relay: Relay
  var gates: [RouteGate]
  /// Where each route listens now: what was asked for, and what it came to where port 0 was asked for.
  var listening: [[Endpoint: Endpoint]]
  let logs: [AccessLog?]
  /// Who the clients are, where there is a tailnet.
  var desk: CallerDesk?
  var addressWatch: AddressWatch?
  private var lostEvents: UInt64 = 0
  var refusals = RefusalLog()
  var refusalFlush: Scheduled<Void>?
  var logFlush: Scheduled<Void>?
  var look: Scheduled<Void>?
  var retry: Scheduled<Void>?
  var acceptFailures: [Int: UInt64] = [:]
  var isStopping = false
  /// This service until it has stopped, for the relay's thread to wake.
  let awake: NIOLoopBoundBox<RelayService?>
  let say: (Notice) -> Void
  private let stopped: EventLoopPromise<Void>

  /// How often the gateway's port is looked at: while it is closed, and while it is open.
  static let lookWhileDown = TimeAmount.milliseconds(200)
  static let lookWhileUp = TimeAmount.seconds(2)
  /// How long events are left to gather before they are asked for again.
  static let eventPause = TimeAmount.milliseconds(20)

  /// Starts the relay's thread; it listens from ``run()`` on. Its log goes to standard error. Throws a `RelayError`, or a ``CallerListError``
  /// where the list of callers cannot be read.
  public convenience init(_ configuration: RelayServiceConfiguration, on loop: any EventLoop) throws {
    let policy = try configuration.tailnet?.readPolicy() ?? CallerPolicy()
    try self.init(configuration, on: loop, policy: policy, say: Notice.write)
  }

  /// `policy` says who of the callers may, where there is a tailnet.
  init(
    _ configuration: RelayServiceConfiguration, on loop: any EventLoop, policy: CallerPolicy = CallerPolicy(),
    say: @escaping (Notice) -> Void
  ) throws(RelayError) {
    self.configuration = configuration
    self.loop = loop
    self.say = say
    stopped = loop.makePromise()
    gates = configuration.routes.map { RouteGate($0, policy: configuration.listening) }
    listening = configuration.routes.map { _ in [:] }
    logs = configuration.routes.map { route in
      configuration.logDirectory.map { directory in
        AccessLog(directory: directory, route: route, size: configuration.logSize, kept: configuration.logsKept)
      }
    }
    let awake = NIOLoopBoundBox<RelayService?>(nil, eventLoop: loop)
    self.awake = awake
    var limits = configuration.limits
    limits.tellsAccepted = configuration.tailnet != nil
    limits.awaitsLeave = configuration.tailnet != nil && policy.wantsNames
    relay = try Relay(
      routes: configuration.routes.map { RelayRoute(name: $0.name, upstream: $0.upstream) },
      limits: limits, onEvents: { loop.execute { awake.value?.takeEvents() } })
    if let tailnet = configuration.tailnet { openDesk(tailnet, policy) }
    awake.value = self
  }

  /// Completes when the relay has stopped.
  public var whenStopped: EventLoopFuture<Void> { stopped.futureResult }

  /// Begins to listen and to watch the gateways.
  public func run() {
    addressWatch?.start()
    lookAtGateways()
  }

  /// Ends everything in order, within the configured time. A second call changes nothing.
  public func stop() {
    guard !isStopping else { return }
    isStopping = true
    look?.cancel()
    retry?.cancel()
    addressWatch?.stop()
    relay.drain(within: configuration.drainTime)
  }

  /// Takes what has happened, and asks again a little later until nothing has: in a storm of connections that is one wake-up for
  /// many of them, and the relay's thread has none to give.
  private func takeEvents() {
    let events = relay.takeEvents()
    guard !events.isEmpty else { return }
    var (looksAgain, hasStopped) = (false, false)
    for event in events {
      switch event {
      case .accepted(let ticket, let id, let route, let peer):
        desk?.accepted(ticket, id: id, route: route, peer: peer)
      case .opened(let record):
        if let desk { desk.opened(record) } else { write(record) { $0.opened(record) } }
      case .closed(let record):
        if let desk { desk.closed(record) } else { write(record) { $0.closed(record) } }
        looksAgain = looksAgain || record.ending?.by == .gateway
      case .refused(let id, let route, let peer, let reason):
        note(refusal: reason, of: peer, desk?.refused(id), route: route)
        looksAgain = looksAgain || reason == .gatewayRefused
      case .acceptFailed(let route, let error):
        note(acceptFailure: error, route: route)
      case .stopped:
        hasStopped = true
      }
    }
    if hasStopped { desk?.end() }
    flushLogs()
    guard !hasStopped else { return end() }
    reconcileAfterLoss()
    let bound = NIOLoopBound(self, eventLoop: loop)
    // Who waits for its name is not to wait for others as well.
    let pause = desk?.policy.wantsNames == true ? TimeAmount.zero : Self.eventPause
    loop.scheduleTask(in: pause) { bound.value.takeEvents() }
    // A gateway that ends a connection or refuses one may have closed its port.
    if looksAgain { lookAtGateways() }
  }

  /// When events were lost, the desk has to learn otherwise who is still there.
  private func reconcileAfterLoss() {
    guard let desk, relay.droppedEvents != lostEvents else { return }
    lostEvents = relay.droppedEvents
    let bound = NIOLoopBound((self, desk), eventLoop: loop)
    let loop = loop
    relay.snapshot { snapshot in
      let relayed = Set(snapshot.connections.map(\.record.id))
      loop.execute {
        let (service, desk) = bound.value
        let strangers = desk.reconcile(with: relayed)
        // Nobody knows who they are, so they may stay only where that is nobody's concern.
        guard desk.policy.wantsNames else { return }
        for id in strangers { service.relay.kick(id: id) { _ in } }
      }
    }
  }

  private func end() {
    refusalFlush?.cancel()
    awake.value = nil
    stopped.succeed()
  }
}
