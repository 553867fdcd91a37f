import FoundationEssentials
import Lifecycle
import TestSupport
import Services
import Settings
import Trading

/// Weeks of a whole container in fast motion: the services that its settings ask for, IBKR's rules, a person with a phone who
/// sleeps at night, faults of every kind, and a machine whose clock jumps. Everything follows from the seed.
///
/// Its own time, `truth` in milliseconds, is what the rules are about; the lifecycle sees only clocks made from it.
struct World {
  /// What is the matter for some hours.
  enum Weather: CaseIterable {
    case fine, away, wrongPassword, noDialog, stuck, crashLoop, duel, wedges, links, shortOfMemory, notInstalled,
      hanging
  }

  static let minute: Int64 = 60_000
  static let hour: Int64 = 3_600_000
  static let day: Int64 = 86_400_000

  let seed: UInt64
  let settings: Settings
  let plans: [ServicePlan]
  let policy: GatewayPolicy
  let stopTimeout: Int64
  var dice: Dice
  var truth: Int64 = 0
  var lifecycle: Lifecycle
  var weather = Weather.fine
  /// Nothing goes wrong any more, and the person is awake.
  var isHealed = false
  var processes: [Process?]
  var spawnsUnderWay: [Bool]
  /// The service is gone on purpose: its end was asked for by a person, or brought by a stop.
  var mayBeEnded: [Bool]
  var accounts: [Mode: Account] = [:]
  /// What the relay was told last, and what was observed last.
  var relayOrders: [Mode: RelayOrder] = [:]
  var observed: [Mode: APIObservation] = [:]
  var traffic: Int64 = 0
  var trafficAsked: [(mode: Mode, bytes: Int64?)] = []
  var future = Future<Happening>()
  var counter = 0
  var exitCode: Int32?
  private(set) var violation: String?
  private(set) var seen: [String: Int] = [:]
  private(set) var events = 0
  /// What happened, for the one who replays a seed; nil where nobody does.
  private(set) var trace: [String]?

  /// The machine's clocks: when it was booted, and how far its wall clock is from the world's time.
  var bootedAt: Int64 = -1_000_000
  var clockOff = Account.epoch
  var boots = 0
  /// What was written down of the logins, and when.
  var records: [Mode: (record: LoginRecord, at: Int64)] = [:]

  init(seed: UInt64, isTraced: Bool = false) {
    self.seed = seed
    trace = isTraced ? [] : nil
    var dice = Dice(seed: seed)
    settings = Self.settings(&dice)
    let layout = Self.layout(settings)
    plans = ServiceSet(settings: settings, layout: layout).definitions.map(\.plan)
    stopTimeout = settings.stopTimeout.milliseconds
    var policy = GatewayPolicy(
      onWedge: WedgePolicy(rawValue: settings.health.onWedge.rawValue) ?? .session, region: .america,
      hasCommandServer: settings.health.usesCommandServer)
    policy.loginLimits = LoginLimits(perHour: settings.logins.budget.perHour, perDay: settings.logins.budget.perDay)
    self.policy = policy
    processes = plans.map { _ in nil }
    spawnsUnderWay = plans.map { _ in false }
    mayBeEnded = plans.map { _ in false }
    self.dice = dice
    lifecycle = Lifecycle(plans: [], stopTimeout: 1000, seed: 1, at: Moment(uptime: 0, wall: 0))
    for mode in settings.modes { accounts[mode] = Account() }
    startContainer()
    for what in Happening.recurring { again(what) }
  }

  /// What some user has chosen.
  private static func settings(_ dice: inout Dice) -> Settings {
    let environment = [
      "TWS_USERID": "someone", "TWS_PASSWORD": "correct horse", "TWS_USERID_PAPER": "another",
      "TWS_PASSWORD_PAPER": "battery",
      "TRADING_MODE": dice.pick(["live", "paper", "both"]),
      "TAILSCALE_MODE": dice.pick(["embedded", "off"]), "TAILSCALE_AUTHKEY": "tskey-auth-x",
      "VNC_SERVER_PASSWORD": "vnc-word",
      "LOGIN_BUDGET": dice.pick(["3/hour,5/day", "1/hour,2/day", "5/hour,8/day"]),
      "ON_STOP": dice.pick(["close", "pause"]),
      "ON_WEDGE": dice.pick(["session", "session", "report", "restart"]),
      "IBC_COMMAND_SERVER": dice.pick(["yes", "yes", "no"]),
    ]
    return Settings.parse(environment: environment) { _ in .failure(UnreadableFile("it does not exist")) }.settings
  }

  private static func layout(_ settings: Settings) -> ServiceLayout {
    let files = settings.modes.map { mode in
      let server = settings.health.usesCommandServer ? "127.0.0.2:7462" : nil
      return (mode, ServiceLayout.Gateway(iniPath: "/config.ini", settingsPath: "/Jts", commandServer: server))
    }
    var layout = ServiceLayout(
      program: "/ibgw", gateways: Dictionary(uniqueKeysWithValues: files),
      tailnet: TailnetPlan(settings, machine: TailnetPlan.Machine()), caddyfile: "/Caddyfile",
      vncPasswordFile: "/vnc")
    layout.startScripts = ["/start.sh"]
    layout.xScripts = ["/x.sh"]
    layout.ibcScripts = ["/ibc.sh"]
    return layout
  }

  // MARK: Time

  var now: Moment { Moment(uptime: truth - bootedAt, wall: truth + clockOff) }

  mutating func pass(until end: Int64) {
    while truth < end && violation == nil { step() }
  }

  /// Whatever comes next.
  mutating func step() {
    let wake = lifecycle.nextWake.map { $0 + bootedAt } ?? .max
    let next = future.nextTime ?? .max
    truth = max(truth, min(wake, next))
    if next <= wake {
      happens(future.takeNext())
    } else {
      tell(.timePassed)
      if let again = lifecycle.nextWake, again <= now.uptime { fails("time has been handled, and is to be again") }
    }
  }

  /// From now on all goes well: what is wrong at the moment ends, and the person is there.
  mutating func heal() {
    isHealed = true
    weather = .fine
    endDaemons()
    plan(.personLooks, in: Self.minute)
  }

  /// Every daemon dies, and hardly one can be started again.
  mutating func breakServices() {
    weather = .notInstalled
    endDaemons()
  }

  private mutating func endDaemons() {
    for place in plans.indices where plans[place].kind == .daemon { end(place, .signal(9)) }
  }

  mutating func plan(_ what: Happening, in delay: Int64) { future.add(what, at: truth + max(1, delay)) }

  // MARK: The lifecycle's side

  mutating func tell(_ event: Event) {
    note { "\(event)" }
    let actions = lifecycle.handle(event, at: now)
    carryOut(actions)
  }

  mutating func say(_ place: Int, _ event: ServiceEvent) { tell(.service(plans[place].name, event)) }

  mutating func carryOut(_ actions: [Action]) {
    events += 1
    for action in actions {
      note { "    \(action)" }
      judge(action)
      carryOut(action)
    }
    judgeState()
  }

  mutating func fails(_ what: String) {
    if violation == nil { violation = "\(stamp): \(what)" }
  }

  mutating func count(_ what: String) {
    seen[what, default: 0] += 1
    note { "== \(what)" }
  }

  private mutating func note(_ what: () -> String) {
    guard trace != nil else { return }
    let line = "\(stamp) \(what())"
    trace?.append(line)
  }

  /// Day and time of day of the world.
  private var stamp: String {
    let seconds = truth / 1000
    let parts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
    return "day \(parts[0]) \(parts[1]):\(parts[2]):\(parts[3])"
  }
}
