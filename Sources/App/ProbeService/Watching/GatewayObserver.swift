import Clocks
import GatewayProbe
import Glibc
import Lifecycle
import NIOCore
import NIOPosix
import Splice

/// Carries out what the watch of one gateway decides: looks, connects, sends, closes and wakes it up.
///
/// Everything is owned by `loop`, and must be called there.
final class GatewayObserver {
  /// What is made of the watch's news.
  struct Listeners {
    var report: (ProbeReport) -> Void
    var say: (Severity, String) -> Void
  }

  let gateway: ProbeServiceConfiguration.Gateway
  private let loop: any EventLoop
  private let listeners: Listeners
  private var watch: GatewayWatch
  private var channels: [GatewayWatch.ConnectionID: any Channel] = [:]
  private var events: [GatewayWatch.Event] = []
  private var isHandling = false
  private var timer: (at: Duration, task: Scheduled<Void>)?
  private var askers: [(CheckReport) -> Void] = []
  private var whenIdle: EventLoopPromise<Void>?

  init(
    _ gateway: ProbeServiceConfiguration.Gateway, firstClientID: Int, timing: ProbeTiming, on loop: any EventLoop,
    listeners: Listeners
  ) {
    self.gateway = gateway
    self.loop = loop
    self.listeners = listeners
    watch = GatewayWatch(
      mode: gateway.mode, place: gateway.api.description, firstClientID: firstClientID, timing: timing)
  }

  /// What is known.
  var status: WatchStatus {
    watch.status(at: Self.now, wall: SystemClock.wall)
  }

  /// Begins to observe.
  func run() { handle(.timePassed) }

  /// Makes a check at once, or joins the one under way, and hands over what it came to.
  func check(_ done: @escaping (CheckReport) -> Void) {
    askers.append(done)
    handle(.checkRequested)
  }

  /// Ends every connection in order, within a second.
  func stop() -> EventLoopFuture<Void> {
    let promise = loop.makePromise(of: Void.self)
    whenIdle = promise
    handle(.stopped)
    let bound = NIOLoopBound(self, eventLoop: loop)
    let limit = loop.scheduleTask(in: .seconds(1)) {
      for channel in bound.value.channels.values { channel.close(promise: nil) }
      promise.succeed()
    }
    promise.futureResult.whenComplete { _ in limit.cancel() }
    succeedWhenIdle()
    return promise.futureResult
  }

  /// Takes in an event. What its actions bring about at once is taken in after it.
  func handle(_ event: GatewayWatch.Event) {
    events.append(event)
    guard !isHandling else { return }
    isHandling = true
    while !events.isEmpty {
      for action in watch.handle(events.removeFirst(), at: Self.now) { carryOut(action) }
    }
    isHandling = false
    scheduleWake()
  }

  // MARK: Actions

  private func carryOut(_ action: GatewayWatch.Action) {
    switch action {
    case .look(let countsUnclosed): look(countsUnclosed)
    case .connect(let id): connect(id)
    case .send(let id, let bytes): channels[id]?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    case .close(let id): close(id)
    case .drop(let id): channels.removeValue(forKey: id)?.close(promise: nil)
    case .report(let report): listeners.report(report)
    case .checked(let report):
      let asked = askers
      askers = []
      for done in asked { done(report) }
    case .say(let severity, let text): listeners.say(severity, "\(gateway.mode.rawValue): \(text)")
    }
  }

  private func look(_ countsUnclosed: Bool) {
    let look =
      gateway.api.address.isLoopback ? ListenTable.look(at: gateway.api, countsUnclosed: countsUnclosed) : .unreadable
    handle(.looked(look))
  }

  private func connect(_ id: GatewayWatch.ConnectionID) {
    let address: SocketAddress
    do {
      address = try SocketAddress(ipAddress: gateway.api.address.description, port: Int(gateway.api.port))
    } catch {
      return handle(.ended(id, .unreachable("\(error)")))
    }
    let bound = NIOLoopBound(self, eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        bound.value.channels[id] = channel
        return channel.eventLoop.makeCompletedFuture {
          let connection = ProbeConnection(id) { bound.value.took($0, id) }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .connect(to: address)
      .whenFailure { bound.value.took(.ended(id, Self.end($0)), id) }
  }

  private func took(_ event: GatewayWatch.Event, _ id: GatewayWatch.ConnectionID) {
    if case .ended = event { channels[id] = nil }
    handle(event)
    succeedWhenIdle()
  }

  /// Ends our direction; what the gateway still sends is read until it has ended its own, so that it never meets an RST.
  private func close(_ id: GatewayWatch.ConnectionID) {
    guard let channel = channels[id] else { return }
    guard channel.isActive else { return channel.close(promise: nil) }
    channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
  }

  private static func end(_ error: any Error) -> GatewayWatch.ConnectionEnd {
    let code =
      (error as? IOError)?.errnoCode
      ?? (error as? NIOConnectionError)?.connectionErrors.lazy.compactMap { ($0.error as? IOError)?.errnoCode }.first
    guard let code else { return .unreachable("\(error)") }
    return code == ECONNREFUSED ? .refused : .unreachable(String(cString: strerror(code)))
  }

  private func succeedWhenIdle() {
    if channels.isEmpty { whenIdle?.succeed() }
  }

  // MARK: Time

  private func scheduleWake() {
    let due = watch.wake
    if let timer, timer.at == due { return }
    timer?.task.cancel()
    timer = nil
    guard let due else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let task = loop.scheduleTask(deadline: Self.deadline(due)) {
      bound.value.timer = nil
      bound.value.handle(.timePassed)
    }
    timer = (due, task)
  }

  private static var now: Duration { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }

  private static func deadline(_ moment: Duration) -> NIODeadline {
    .uptimeNanoseconds(UInt64(max(.zero, moment) / .nanoseconds(1)))
  }
}
