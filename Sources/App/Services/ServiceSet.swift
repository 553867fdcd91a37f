import Lifecycle
import Processes
import Settings
import Supervisor
import Trading

/// The services of an image, from its settings: which there are, what each needs, and what is started.
public struct ServiceSet {
  let settings: Settings
  let layout: ServiceLayout
  let environment: ChildEnvironment

  /// The services for these settings and files.
  public init(settings: Settings, layout: ServiceLayout) {
    self.settings = settings
    self.layout = layout
    environment = ChildEnvironment(settings: settings)
  }

  /// Every service in the order in which it is considered for a start. What does not depend on something else starts with the first.
  public var definitions: [ServiceDefinition] {
    var all = scripts(layout.startScripts, moment: .start, after: [])
    if layout.tailnet.mode == .embedded, layout.tailnetGuard?.kind != .refused { all.append(tailscaled) }
    if settings.caddy.servesHealth { all.append(web) }
    if let caddyfile = layout.caddyfile { all.append(caddy(caddyfile)) }
    if hasOwnDisplay { all.append(xvfb) }
    if hasOwnDisplay, let file = layout.vncPasswordFile { all.append(x11vnc(passwordFile: file)) }
    all.append(relay)
    all.append(probe)
    all += scripts(layout.xScripts, moment: .x, after: displayIsReady)
    all += settings.modes.compactMap(gateway)
    all += scripts(layout.ibcScripts, moment: .ibc, after: settings.modes.map { .started(.gateway($0)) })
    return all
  }

  /// The TWS image brings its own X session.
  private var hasOwnDisplay: Bool { settings.program == .gateway && layout.hasDisplay }

  var displayIsReady: [Dependency] { hasOwnDisplay ? [.ready("xvfb")] : [] }

  /// The order of the stop: who talks to clients first, then the gateways, and the display that they draw on last.
  enum StopRank {
    static let scripts = 0
    static let relay = 0
    static let gateway = 1
    static let vnc = 2
    static let caddy = 3
    static let tailscaled = 4
    static let display = 5
    /// It asks IBC to stop, and tailscaled to log out.
    static let probe = 5
  }

  // MARK: The display

  private var displayNumber: String { String(settings.display.drop { $0 == ":" }.prefix { $0 != "." }) }

  private var xvfb: ServiceDefinition {
    let socket = "/tmp/.X11-unix/X\(displayNumber)"
    return ServiceDefinition(
      plan: ServicePlan(
        name: "xvfb", after: layout.startScripts.isEmpty ? [] : [finished(layout.startScripts, .start)],
        readiness: .whenReported(within: 10_000), stopRank: StopRank.display,
        stopSteps: [StopStep(.terminate, 2000), StopStep(.kill, 1000)]),
      command: Command(
        program: "Xvfb",
        arguments: [settings.display, "-ac", "-nolisten", "tcp", "-screen", "0", "1024x768x16", "-displayfd", "3"],
        environment: environment.base, reportsReadiness: true),
      stale: StaleFiles(socket: socket, companions: ["/tmp/.X\(displayNumber)-lock"]))
  }

  private func x11vnc(passwordFile: String) -> ServiceDefinition {
    ServiceDefinition(
      plan: ServicePlan(
        name: "x11vnc", after: [.ready("xvfb")], readiness: .whenReported(within: 15_000), stopRank: StopRank.vnc,
        stopSteps: [StopStep(.terminate, 1500), StopStep(.kill, 500)]),
      command: Command(
        program: "x11vnc",
        arguments: [
          "-display", settings.display, "-ncache_cr", "-forever", "-shared", "-noipv6", "-passwdfile", passwordFile,
        ] + vncListen, environment: environment.withDisplay),
      voice: .plain(.debug), readyText: "PORT=")
  }

  // MARK: The edges

  /// What clients connect to.
  private var relay: ServiceDefinition {
    let relay = settings.relay
    var arguments = ["relay", "--report-readiness", "--socket", "\(settings.runDirectory)/relay.sock"]
    arguments += settings.modes.flatMap { ["--route", route($0)] } + callerArguments
    arguments += [
      "--log-dir", relay.logDirectory, "--log-size", "\(relay.logMegabytes)", "--log-keep", "\(relay.logsKept)",
    ]
    arguments += ["--max-clients", "\(relay.maxClients)", "--rate", "\(relay.rate)", "--listen", relay.listen.rawValue]
    arguments += ["--allow", relay.allow.joined(separator: ",")]
    if let idle = relay.idleTimeout { arguments += ["--idle-timeout", "\(idle.components.seconds)"] }
    arguments.append(relay.checksHello ? "--check-hello" : "--no-check-hello")
    return ownChild("relay", arguments, rank: StopRank.relay, patience: 3500)
  }

  /// What looks at the gateways, and asks IBC to stop them: it outlives them.
  private var probe: ServiceDefinition {
    var arguments = ["probe", "--report-readiness", "--client-id", "\(settings.health.probeClientID)"]
    arguments += ["--socket", "\(settings.runDirectory)/probe.sock"]
    arguments += ["--supervisor", "\(settings.runDirectory)/\(Supervisor.socketName)"]
    for mode in settings.modes {
      let commands = layout.gateways[mode]?.commandServer.map { ",\($0)" } ?? ""
      arguments += ["--gateway", "\(mode.rawValue)=127.0.0.1:\(settings.program.apiPort(mode))\(commands)"]
    }
    arguments += tailnetArguments
    return ownChild("probe", arguments, rank: StopRank.probe)
  }

  /// What Caddy offers. Without Caddy's site nobody asks it anything.
  private var web: ServiceDefinition {
    let arguments = [
      "web", "--report-readiness", "--run-dir", settings.runDirectory, "--region", settings.health.region.rawValue,
    ]
    return ownChild("web", arguments, rank: StopRank.caddy)
  }

  /// A process of this program. Such a one comes back at once when it dies: somebody waits for it.
  private func ownChild(
    _ name: ServiceName, _ arguments: [String], rank: Int, patience: Int64 = 2000
  ) -> ServiceDefinition {
    ServiceDefinition(
      plan: ServicePlan(
        name: name, readiness: .whenReported(within: 10_000),
        backOff: BackOff(initial: 0, maximum: 10_000, resetAfter: 10_000), limit: 20, degradedPause: 60_000,
        stopRank: rank,
        stopSteps: [StopStep(.terminate, patience), StopStep(.kill, 500)]),
      command: Command(
        program: layout.program, arguments: arguments, environment: environment.forOurOwn, reportsReadiness: true),
      voice: .prioritised)
  }

  private func caddy(_ caddyfile: String) -> ServiceDefinition {
    var environment = environment.base
    // Caddy keeps its state where it may always write, also with a read-only root.
    environment["XDG_DATA_HOME"] = "\(settings.runDirectory)/caddy"
    environment["XDG_CONFIG_HOME"] = "\(settings.runDirectory)/caddy"
    return ServiceDefinition(
      plan: ServicePlan(
        name: "caddy", readiness: .whenReported(within: 15_000), stopRank: StopRank.caddy,
        stopSteps: [StopStep(.terminate, 2000), StopStep(.kill, 500)]),
      command: Command(
        program: "caddy", arguments: ["run", "--config", caddyfile, "--adapter", "caddyfile"], environment: environment),
      notifies: true)
  }
}
