import ArgumentParser
import GatewayProbe
import Glibc
import Lifecycle
import LoopSignals
import NIOCore
import ProbeService
import Splice
import Trading

/// `ibgw probe`: observes the gateways, and talks to IBC's command servers.
struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract: "Observes each gateway's API and says whether a client would be served.",
    discussion: """
      A gateway is MODE=API[,COMMANDS], for example paper=127.0.0.1:4002 or live=127.0.0.1:4001,127.0.0.1:7462, where \
      COMMANDS is IBC's command server. Client ids N to N+3 are the probe's own. With --once each gateway is checked as a \
      new client would find it; the code is 0 if all of them serve, 1 if not.
      """)

  @Option(name: .customLong("gateway"), help: "A gateway to observe; may be given several times.")
  var gateways: [GatewayArgument]
  @Option(help: ArgumentHelp("tailscaled's unix socket, where there is a tailnet.", valueName: "socket"))
  var tailnet: String?
  @Option(help: "The file with the tailnet's key, to be watched for a change.")
  var tailnetKeyFile: String?
  @Option(help: "The file with what the tailnet node serves.")
  var serveConfig: String?
  @Option(help: "The unix socket of the probe's API.")
  var socket: String?
  @Option(help: "The supervisor's unix socket, which takes the observations.")
  var supervisor: String?
  @Option(name: .customLong("client-id"), help: ArgumentHelp("The first of four reserved client ids.", valueName: "n"))
  var clientID = 999
  @Flag(help: "Check once, print a sentence for each gateway, and end.")
  var once = false
  @Flag(
    name: .customLong("report-readiness"),
    help: "Write a line feed to descriptor 3 once the API is served, as a supervisor may want it.")
  var reportsReadiness = false

  @Option(help: .hidden)
  var checkInterval: Double?
  @Option(help: .hidden)
  var questionInterval: Double?

  func validate() throws {
    guard !gateways.isEmpty else { throw ValidationError("give at least one --gateway") }
    let modes = gateways.map(\.gateway.mode)
    guard Set(modes).count == modes.count else { throw ValidationError("each --gateway needs a mode of its own") }
    guard (1...2_000_000_000).contains(clientID) else {
      throw ValidationError("--client-id must be from 1 to 2000000000; 0 is the client that also sees manual orders")
    }
    for interval in [checkInterval, questionInterval].compactMap(\.self) where !(0.1...86_400).contains(interval) {
      throw ValidationError("an interval must be from 0.1 to 86400 seconds")
    }
  }

  func run() throws {
    let (configuration, once, reportsReadiness) = (configuration, once, reportsReadiness)
    withLoop { loop in
      guard !once else { return checkOnce(configuration, loop) }
      let service = ProbeService(configuration, on: loop, say: log)
      stopOnSignal(service, loop)
      service.serveAPI().whenComplete { result in
        switch result {
        case .success: if reportsReadiness { _ = write(3, "\n", 1) }
        case .failure(let error): fail("cannot serve the API on \(configuration.socketPath ?? ""): \(error)")
        }
      }
      service.run()
    }
  }

  private var configuration: ProbeServiceConfiguration {
    var configuration = ProbeServiceConfiguration(gateways: gateways.map(\.gateway))
    configuration.tailnet = tailnet.map { .init(socket: $0, keyFile: tailnetKeyFile, serveConfig: serveConfig) }
    configuration.socketPath = socket
    configuration.supervisorPath = supervisor
    configuration.firstClientID = clientID
    if let checkInterval { configuration.timing.checkInterval = .seconds(checkInterval) }
    if let questionInterval { configuration.timing.questionInterval = .seconds(questionInterval) }
    return configuration
  }
}

/// Prints what a new client of each gateway meets, and ends with 0 if every one would be served.
private func checkOnce(_ configuration: ProbeServiceConfiguration, _ loop: any EventLoop) {
  let service = ProbeService(configuration, on: loop) { _, _ in }
  let bound = NIOLoopBound(service, eventLoop: loop)
  LoopSignals.watch(on: loop) { signal in
    if signal == SIGTERM || signal == SIGINT { leave(128 + signal) }
  }.whenFailure { error in fail("cannot read signals: \(error)") }
  service.checkOnce().whenSuccess { reports in
    for report in reports {
      let time = report.milliseconds.map { " in \(($0 * 10).rounded() / 10) ms" } ?? ""
      printLine("\(report.mode.rawValue): \(report.observation.rawValue)\(time): \(report.why)")
    }
    let serves = reports.allSatisfy { $0.observation == .serving }
    bound.value.stop().whenComplete { _ in leave(serves ? ExitStatus.success : ExitStatus.failure) }
  }
}

/// Writes a line to standard error, its priority in front as syslog has it.
private func log(_ severity: Severity, _ text: String) {
  let number =
    switch severity {
    case .debug: 7
    case .info: 6
    case .warning: 4
    case .error: 3
    }
  let line = Array("<\(number)>\(text)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
}

/// Serves its socket anew on HUP, for a socket that was removed. Stops the service on the first TERM or INT; on a second one, the process ends at once.
private func stopOnSignal(_ service: ProbeService, _ loop: any EventLoop) {
  var isStopping = false
  LoopSignals.watch(on: loop) { signal in
    if signal == SIGHUP { serveAgain(service.serveAPI()) }
    guard signal == SIGTERM || signal == SIGINT else { return }
    if isStopping { leave(ExitStatus.success) }
    isStopping = true
    service.stop().whenComplete { _ in leave(ExitStatus.success) }
  }.whenFailure { error in fail("cannot read signals: \(error)") }
}

/// A `--gateway` argument.
struct GatewayArgument: ExpressibleByArgument {
  let gateway: ProbeServiceConfiguration.Gateway

  init?(argument: String) {
    let sides = argument.split(separator: "=", maxSplits: 1)
    guard sides.count == 2, let mode = Mode(rawValue: String(sides[0])) else { return nil }
    let endpoints = sides[1].split(separator: ",", omittingEmptySubsequences: false).map { Endpoint(String($0)) }
    guard (1...2).contains(endpoints.count), let api = endpoints[0] else { return nil }
    guard !endpoints.contains(where: { $0 == nil || $0?.port == 0 }) else { return nil }
    gateway = .init(mode: mode, api: api, commandServer: endpoints.count == 2 ? endpoints[1] : nil)
  }
}
