import Glibc
import Lifecycle
import LoopSignals
import NIOCore
import NIOPosix
import Processes
import Settings
import Survival
import Trading

/// What a supervisor is made of.
public struct SupervisorConfiguration: Sendable {
  /// The services in the order in which they are considered for a start.
  public var services: [ServiceDefinition]
  /// What follows when a gateway has ended by itself.
  public var onGatewayExit: GatewayExitPolicy
  /// The user's wishes that the gateways' decisions depend on.
  public var policy: GatewayPolicy
  /// Where alerts go.
  public var alerts: AlertTargets
  /// The folder in which what the logins cost outlives the container; nil: nothing outlives it.
  public var loginFolder: String?
  /// The gateways' settings folders, in which they leave their sessions.
  public var settingsFolders: [Mode: String]
  /// What the gateways do by themselves at a time of day.
  public var timetable = Timetable()
  /// How the tailnet is reached; nil where there is none.
  public var tailnet: TailnetAccess?
  /// How long the whole stop may take, in milliseconds.
  public var stopTimeout: Int64
  /// The folder of the control socket; it exists.
  public var runDirectory: String
  /// The program's version, for the status.
  public var version: String
  /// What is masked in every line.
  public var redaction: Redaction
  /// How lines look, and which are written.
  public var logFormat: LogFormat
  /// The least severity that is written.
  public var logThreshold: Severity
  /// What is done on HUP: everything that can be rendered is rendered again. It returns what to say and which services to restart.
  public var reload: @Sendable () -> Reload

  /// What a reload has read and done.
  public struct Reload: Sendable {
    /// What is masked from now on, besides what was before.
    public var redaction: Redaction
    /// What came of it.
    public var outcomes: [ReloadOutcome]

    /// A reload.
    public init(redaction: Redaction, outcomes: [ReloadOutcome]) {
      self.redaction = redaction
      self.outcomes = outcomes
    }
  }

  /// What came of a reload for one file or service.
  public struct ReloadOutcome: Sendable {
    /// What to say, and how much it matters.
    public var severity: Severity
    /// The sentence.
    public var sentence: String
    /// A service that has to be restarted to take it in, where it can be without harm.
    public var restart: ServiceName?
    /// Whether the relay has to read the list of callers again.
    public var rereadsCallers: Bool

    /// An outcome.
    public init(
      _ severity: Severity, _ sentence: String, restart: ServiceName? = nil, rereadsCallers: Bool = false
    ) {
      self.severity = severity
      self.sentence = sentence
      self.restart = restart
      self.rereadsCallers = rereadsCallers
    }
  }

  /// A configuration with everything given.
  public init(
    services: [ServiceDefinition], onGatewayExit: GatewayExitPolicy, policy: GatewayPolicy = GatewayPolicy(),
    alerts: AlertTargets = AlertTargets(), loginFolder: String? = nil, settingsFolders: [Mode: String] = [:],
    stopTimeout: Int64, runDirectory: String,
    version: String, redaction: Redaction, logFormat: LogFormat, logThreshold: Severity,
    reload: @escaping @Sendable () -> Reload
  ) {
    self.services = services
    self.onGatewayExit = onGatewayExit
    self.policy = policy
    self.alerts = alerts
    self.loginFolder = loginFolder
    self.settingsFolders = settingsFolders
    self.stopTimeout = stopTimeout
    self.runDirectory = runDirectory
    self.version = version
    self.redaction = redaction
    self.logFormat = logFormat
    self.logThreshold = logThreshold
    self.reload = reload
  }
}

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
  private var pending: [Event] = []
  private var isHandling = false
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
    let now = Moment(uptime: Ourselves.uptime, wall: Ourselves.wallClock)
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

  var now: Moment { Moment(uptime: Ourselves.uptime, wall: Ourselves.wallClock) }

  // MARK: Events and actions

  /// Hands an event to Lifecycle and carries out what it decides. An event that comes up meanwhile waits for its turn.
  func tell(_ event: Event) {
    pending.append(event)
    guard !isHandling else { return }
    isHandling = true
    while !pending.isEmpty { perform(lifecycle.handle(pending.removeFirst(), at: now)) }
    save([])
    isHandling = false
    scheduleWake()
  }

  /// Carries out what an order brought, then whatever followed from it.
  func carryOut(_ actions: [Action]) {
    isHandling = true
    perform(actions)
    isHandling = false
    tell(.timePassed)
  }

  /// Writes a line to the log.
  public func say(_ severity: Severity, _ service: String, _ text: String) {
    journal.say(severity, service, Array(text.utf8))
    flushLater()
  }

  private func perform(_ actions: [Action]) {
    let deeds = actions.filter(\.isDeed)
    if !deeds.isEmpty { save(deeds) }
    var begun = 0
    for action in actions {
      if action.isDeed {
        begun += 1
        continuity?.ledger.note(begun: begun)
      }
      carryOut(action)
    }
    // One more than there are: the last one is done, too.
    if !deeds.isEmpty { continuity?.ledger.note(begun: begun + 1) }
  }

  private func carryOut(_ action: Action) {
    switch action {
    case .log(let severity, let name, let text): say(severity, name?.text ?? "ibgw", text)
    case .spawn(let name): spawn(name)
    case .ask(let name): ask(name, to: .stop)
    case .pause(let name): ask(name, to: .pause)
    case .killLeader(let name): signalLeader(name)
    case .terminate(let name): signalAll(name, SIGTERM)
    case .kill(let name): signalAll(name, SIGKILL)
    case .proceed(let name): signalAll(name, SIGCONT)
    case .relay(let mode, let order): tellRelay(mode, order)
    case .askTraffic(let mode): askTraffic(of: mode)
    case .command(let mode, let command): commandIBC(mode, command)
    case .persist(let mode, let budget): persist(budget, of: mode)
    case .verifySession(let mode, let stop): verifySession(of: mode, since: stop)
    case .tailnet(let what): order(what)
    case .alert(let alert): deliver(alert)
    case .exit(let code): beginSweep(code: code)
    }
  }

  private func scheduleWake() {
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
    let task = loop.scheduleTask(in: .milliseconds(max(0, next - Ourselves.uptime))) {
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

  // MARK: Children

  private func spawn(_ name: ServiceName) {
    guard let definition = definitions[name] else { return }
    definition.stale?.remove()
    if let mode = definition.plan.mode { quarantineSessions(of: mode) }
    do throws(SpawnFailure) {
      var command = definition.command
      if definition.notifies { command.environment["NOTIFY_SOCKET"] = notifySocketPath(name) }
      let pid = try start(
        command, as: name, voice: definition.voice, readyText: definition.readyText, isService: true)
      pending.append(.service(name, .spawned(pid: pid)))
    } catch {
      pending.append(.service(name, .spawnFailed(why: error.sentence, missing: error.missing)))
    }
  }

  /// Starts a process and listens to it. What is no service is an errand: its end is only said where it went wrong.
  func start(
    _ command: Command, as name: ServiceName, voice: ServiceDefinition.Voice, readyText: String? = nil,
    isService: Bool = false
  ) throws(SpawnFailure) -> Int32 {
    let process: SpawnedProcess
    do throws(SpawnFailure) {
      process = try command.spawn { output, readiness in
        guard continuity != nil else { return }
        for descriptor in [output, readiness].compactMap(\.self) { Descriptors.keep(descriptor) }
        saveChildren(
          starting: SavedChild(
            name: name, pid: 0, startTime: 0, output: output, readiness: readiness, isService: isService,
            leaderEndTold: false, partialLine: []))
      }
    } catch {
      saveChildren()
      throw error
    }
    let child = Child(
      name: name, pid: process.pid, startTime: ProcessTable.entry(of: process.pid)?.startTime ?? 0, voice: voice,
      readyText: readyText, isService: isService)
    children[process.pid] = child
    read(process.output, of: child)
    if let readiness = process.readiness { awaitReadiness(readiness, of: child) }
    saveChildren()
    return process.pid
  }

  func read(_ descriptor: Int32, of child: Child) {
    child.output = descriptor
    let bound = NIOLoopBound(self, eventLoop: loop)
    let boundChild = NIOLoopBound(child, eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          ChildOutputHandler(
            onBytes: { bound.value.heard($0, from: boundChild.value) },
            onEnd: { bound.value.outputEnded(of: boundChild.value) }))
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }

  func awaitReadiness(_ descriptor: Int32, of child: Child) {
    child.readiness = descriptor
    let bound = NIOLoopBound(self, eventLoop: loop)
    let boundChild = NIOLoopBound(child, eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          ChildOutputHandler(
            onBytes: { bytes in
              if bytes.readableBytesView.contains(UInt8(ascii: "\n")) {
                bound.value.tell(.service(boundChild.value.name, .ready))
              }
            },
            onEnd: {
              boundChild.value.readiness = nil
              bound.value.saveChildren()
            }))
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }

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
