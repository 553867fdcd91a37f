import NIOCore
import NIOPosix
import TWSProtocol

/// A simulated IB Gateway: it speaks the API to its clients, shows them an account and a market that follow from a seed alone,
/// and fails in the ways that it is told to.
///
/// Everything in it belongs to one event loop: create it and call it there.
public final class Simulator {
  /// The API versions that it speaks. From 157 on the layouts are known to every client in use, up to 187 all is text.
  public static let versions = 157...ServerVersion.lastText
  /// How many clients the real one serves.
  static let mostClients = 32

  let configuration: Configuration
  let loop: any EventLoop
  let report: (String) -> Void
  let ended: (Ending) -> Void

  var gateway: Gateway
  var faults: [Fault.Name: Int] = [:]
  var connections: [ObjectIdentifier: ClientConnection] = [:]
  var listener: (any Channel)?
  var control: (any Channel)?
  /// The port in use, also while a restart has it closed.
  var port: Int
  var isStopping = false
  /// Whether the login is all that the open port waits for.
  var isLoggingIn = false
  var crash: Scheduled<Void>?
  /// Tells the plans of a past run from those of the present one.
  var run = 0
  private var isTicking = false

  /// - Parameters:
  ///   - configuration: what it is started with.
  ///   - loop: the loop that everything belongs to; the caller is on it.
  ///   - report: is given one line at a time for a person to read.
  ///   - ended: is called once, when all is over.
  public init(
    configuration: Configuration, loop: any EventLoop, report: @escaping (String) -> Void,
    ended: @escaping (Ending) -> Void
  ) {
    loop.preconditionInEventLoop()
    self.configuration = configuration
    self.loop = loop
    self.report = report
    self.ended = ended
    gateway = Gateway(account: configuration.account, seed: configuration.seed)
    port = configuration.port
  }

  /// Begins to listen, at once or after the delays that are asked for.
  public func start() {
    for fault in configuration.faults { apply(fault) }
    guard let path = configuration.controlPath else { return beginRun() }
    openControl(path) { [self] in beginRun() }
  }

  /// Closes everything and ends with `.stopped`. A second call does nothing.
  public func stop() {
    guard !isStopping else { return }
    end(.stopped)
  }

  /// One line on what it does at present.
  public var status: String {
    let names = faults.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { $0.key.takesSeconds ? "\($0.key.rawValue)=\($0.value)" : $0.key.rawValue }
    let place = listener == nil ? "not listening" : "listening on \(place)"
    let clients = connections.values.filter { $0.session != nil }.count
    return "\(place), \(clients) client\(clients == 1 ? "" : "s"), "
      + (names.isEmpty ? "no faults" : "faults: " + names.joined(separator: " "))
  }

  var place: String {
    configuration.address.contains(":") ? "[\(configuration.address)]:\(port)" : "\(configuration.address):\(port)"
  }

  func fail(_ sentence: String) {
    guard !isStopping else { return }
    end(.failed(sentence))
  }

  private func end(_ ending: Ending) {
    isStopping = true
    run += 1
    crash?.cancel()
    closeAll([listener, control]) { [self] in ended(ending) }
    listener = nil
    control = nil
  }

  /// Closes the channels given and then every client, so that none can come again at once; then goes on.
  func closeAll(_ channels: [(any Channel)?], then next: @escaping () -> Void) {
    let all = channels.compactMap { $0 } + connections.values.compactMap(\.channel)
    let closed = all.map { $0.close(mode: .all) }
    EventLoopFuture.andAllComplete(closed, on: loop).assumeIsolated().whenComplete { _ in next() }
  }

  /// Does something later, unless the simulation has been restarted or stopped by then.
  func later(_ milliseconds: Int, _ work: @escaping () -> Void) {
    let run = run
    _ = loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) { [self] in
      if run == self.run { work() }
    }
  }

  /// Tells every client what has happened to orders, and to the account where there was a trade.
  func deliver(_ events: [Brokerage.Event]) {
    guard !events.isEmpty, !isSilent else { return }
    let now = Moment.now
    let isTrade = events.contains { if case .execution = $0 { true } else { false } }
    for connection in connections.values {
      connection.send { session, out in
        for event in events { session.tell(event, &out) }
        if isTrade { session.tellAccount(at: now, gateway, &out) }
      }
    }
  }

  /// Keeps the clock running while somebody waits for something.
  func keepTicking() {
    guard !isTicking, !isStopping, needsTicks else { return }
    isTicking = true
    let step = 1_000 / Market.stepsPerSecond
    let wait = step - Moment.now.milliseconds % step
    _ = loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(wait))) { [self] in
      isTicking = false
      tick()
      keepTicking()
    }
  }

  private var needsTicks: Bool {
    !gateway.brokerage.openOrders().isEmpty || connections.values.contains { $0.session?.hasStreams == true }
  }

  private func tick() {
    let now = Moment.now
    if gateway.isLinked { deliver(gateway.brokerage.advance(to: now, gateway.market)) }
    guard !isSilent else { return }
    for connection in connections.values where connection.takesStreams {
      connection.send { session, out in session.advance(to: now, gateway, &out) }
    }
  }
}
