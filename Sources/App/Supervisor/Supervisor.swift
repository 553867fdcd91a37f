import Clocks
import Glibc
import Lifecycle
import LoopSignals
import NIOCore
import Processes
import Survival
import Trading

/// Carries out what ``Lifecycle`` decides, and tells it what happens. It decides nothing itself.
///
/// One loop on one thread owns everything here: spawning, registering a child and collecting it cannot race, because nothing of it
/// runs at the same time.
public final class Supervisor {
  let configuration: SupervisorConfiguration
  let loop: any EventLoop
  let journal: Journal
  let started: Moment
  private let onExit: (Int32) -> Void

  var lifecycle: Lifecycle
  var orphansReaped: Int
  /// The services' processes by the process group, which is the pid of each service's first process.
  var children: [Int32: Child] = [:]

  private let definitions: [ServiceName: ServiceDefinition]
  var pending: [Event] = []
  var isHandling = false
  private var wake: (time: Int64, task: Scheduled<Void>)?
  private var nextCheck: Scheduled<Void>?
  private var logRetry: Scheduled<Void>?
  private var hasStarted = false
  /// When it was last asked whether the processes of our own program answer, as uptime in milliseconds.
  var lastLook: Int64 = 0
  var memoryWatch = MemoryWatch()
  /// What serves the sockets in the run directory, and whether they are about to be made anew.
  var sockets: [any Channel] = []
  var isRestoring = false
  var sweep: Sweep?
  let loginFiles: LoginFiles?
  /// What was said about a budget that could not be kept beside the settings.
  var unkeptLogins: [Mode: String] = [:]

  lazy var relayOrders = makeRelayOrders()

  var continuity: Continuity?
  /// What is written down of the children, the decisions' state that was written down last, and whether that it could not be was said.
  var saved: SavedChildren
  var savedState: LifecycleState?
  var hasSaidLoss = false
  /// The processes of our own program that run an older one.
  var outdatedServices: Set<ServiceName> = []

  /// A supervisor on `loop`, from which everything here has to be called. With a `continuity` it goes on after its own crash, and
  /// does so now where that has a heritage. `onExit` is called once, when everything has ended.
  public init(
    _ configuration: SupervisorConfiguration, continuity: Continuity? = nil, on loop: any EventLoop,
    onExit: @escaping (Int32) -> Void
  ) {
    let heritage = continuity?.heritage
    self.configuration = configuration
    self.loop = loop
    self.onExit = onExit
    self.continuity = continuity
    let now = Moment(uptime: SystemClock.uptime, wall: SystemClock.wall)
    started = heritage?.decisions?.started ?? now
    orphansReaped = heritage?.decisions?.orphansReaped ?? 0
    saved = SavedChildren(lock: continuity?.lock)
    if let heritage {
      (saved.told, saved.crashes) = (heritage.children.told, heritage.children.crashes)
      saved.reloads = heritage.children.reloads
      (saved.control, saved.notify) = (heritage.children.control, heritage.children.notify)
    }
    journal = Journal(
      descriptor: STDOUT_FILENO, redaction: configuration.redaction,
      format: LineFormat(format: configuration.logFormat),
      threshold: configuration.logThreshold)
    definitions = Dictionary(uniqueKeysWithValues: configuration.services.map { ($0.plan.name, $0) })
    let plans = configuration.services.map(\.plan)
    loginFiles = configuration.loginFolder.map {
      LoginFiles(
        folder: $0, spareFolder: "\(configuration.runDirectory)/logins", limits: configuration.policy.loginLimits)
    }
    let read = heritage?.hasBegun != true ? loginFiles?.read(plans.compactMap(\.mode), at: now) : nil
    lifecycle = Lifecycle(
      plans: plans, onGatewayExit: configuration.onGatewayExit, policy: configuration.policy,
      budgets: read?.budgets ?? [:], tailnet: configuration.tailnet?.policy,
      stopTimeout: max(1000, configuration.stopTimeout - Sweep.patience),
      seed: .random(in: 0 ... .max), at: now)
    if let state = heritage?.decisions?.state { lifecycle.goOn(from: state, at: now) }
    for problem in read?.problems ?? [] { say(.error, "ibgw", problem) }
  }

  /// Starts everything. Fails only when our own signals or socket cannot be had.
  public func run() -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let isFirst = continuity?.heritage?.hasBegun != true
    // Before anything can be heard: an end that was not seen, or an order, must meet the children that it is about.
    if let heritage = continuity?.heritage { takeOver(heritage) }
    watchRunDirectory()
    return LoopSignals.watch(on: loop) { bound.value.received(signal: $0) }
      .flatMap { bound.value.openNotifySockets() }
      .flatMap { bound.value.openControlSocket() }.map { if isFirst { bound.value.tell(.begin) } }
  }

  var now: Moment { Moment(uptime: SystemClock.uptime, wall: SystemClock.wall) }

  /// Writes a line to the log.
  public func say(_ severity: Severity, _ service: String, _ text: String) {
    journal.say(severity, service, Array(text.utf8))
    flushLater()
  }

  func scheduleWake() {
    if !hasStarted, lifecycle.records.allSatisfy({ $0.state == .running }) {
      hasStarted = true
      Ourselves.releaseStartCode()
    }
    let next = lifecycle.nextWake
    guard next != wake?.time else { return }
    wake?.task.cancel()
    wake = nil
    guard let next else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let task = loop.scheduleTask(in: .milliseconds(max(0, next - SystemClock.uptime))) {
      bound.value.wake = nil
      bound.value.tell(.timePassed)
    }
    wake = (next, task)
  }

  /// A slow reader of our own output is tried again while lines wait for it, and only then.
  func flushLater() {
    guard journal.isWaiting, logRetry == nil else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    logRetry = loop.scheduleTask(in: .milliseconds(20)) {
      bound.value.logRetry = nil
      bound.value.journal.flush()
      bound.value.flushLater()
    }
  }

  func finish(code: Int32) {
    wake?.task.cancel()
    nextCheck?.cancel()
    logRetry?.cancel()
    journal.flush()
    unlink(controlSocketPath)
    unlink(tailnetKeyPath)
    onExit(code)
  }

  func definition(_ name: ServiceName) -> ServiceDefinition? { definitions[name] }

  // MARK: Signals

  private func received(signal: Int32) {
    switch signal {
    case SIGCHLD: collect()
    case SIGTERM: tell(.stopRequested(by: "TERM"))
    case SIGINT: tell(.stopRequested(by: "INT"))
    case SIGQUIT: tell(.stopRequested(by: "QUIT"))
    case SIGHUP: reload()
    case SIGUSR1: sayStatus()
    default: break
    }
  }

  /// While something has left its first process behind and only /proc could tell of its end, the groups are looked at again.
  func recheck(in time: TimeAmount) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    nextCheck?.cancel()
    nextCheck = loop.scheduleTask(in: time) { bound.value.collect() }
  }
}
