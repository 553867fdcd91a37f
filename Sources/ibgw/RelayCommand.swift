import ArgumentParser
import CLinux
import Glibc
import LoopSignals
import NIOCore
import RelayService
import Splice

/// `ibgw relay`: carries the IB API between clients and gateways.
struct RelayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Relays the IB API's TCP connections, and says who was there.",
    discussion: """
      A route is NAME=LISTEN[,LISTEN...],UPSTREAM, for example live=0.0.0.0:4003,127.0.0.1:4001 or \
      paper=10.0.0.5:4004,[fd00::5]:4004,127.0.0.1:4002. With --tailnet a LISTEN may be tailnet:PORT, which is wherever the \
      tailnet's clients come in. It ends in order on TERM or INT: no new clients, what is on its \
      way goes through, then every connection gets its end.
      """)

  @Option(name: .customLong("route"), help: "A gateway and where its clients connect; may be given several times.")
  var routes: [RouteArgument]
  @Option(name: .customLong("socket"), help: "The unix socket of the control API.")
  var socket: String?
  @Option(name: .customLong("log-dir"), help: "Where access-NAME.log is written.")
  var logDirectory: String?
  @Option(name: .customLong("log-size"), help: "Megabytes at which an access log is set aside.")
  var logMegabytes = 10
  @Option(name: .customLong("log-keep"), help: "How many access logs that were set aside are kept.")
  var logsKept = 5
  @Option(
    name: .customLong("allow"), help: "Address ranges that may connect, with commas; default: loopback and private.")
  var allowed: AllowArgument?
  @Option(name: .customLong("tailnet"), help: "tailscaled's socket; who calls is asked there.")
  var tailnet: String?
  @Option(name: .customLong("tailnet-tun"), help: "kernel or userspace, where that is known; else tailscaled is asked.")
  var tailnetTun: TunArgument?
  @Flag(
    name: .customLong("tailnet-guard"), inversion: .prefixedNo, help: "Whether tailscaled is confined to its ports.")
  var isGuarded = false
  @Option(name: .customLong("callers"), help: "A file that lists the users, nodes and tags of the tailnet who may.")
  var callers: String?
  @Flag(name: .customLong("local-access"), inversion: .prefixedNo, help: "Whether who is no node of the tailnet may.")
  var admitsLocal = true
  @Option(name: .customLong("max-clients"), help: "Clients at one time for each route; the gateway takes 32.")
  var maxClients = RelayLimits().clients
  @Option(name: .customLong("max-waiting"), help: "Connections for each route that have not said anything yet.")
  var maxWaiting = RelayLimits().waiting
  @Option(name: .customLong("rate"), help: "New connections per second of one address; 0 is no limit.")
  var rate = RelayLimits().rate
  @Option(name: .customLong("idle-timeout"), help: "Seconds without a byte after which a client is closed; 0 is never.")
  var idleTimeout = RelayLimits().idleTimeout
  @Option(name: .customLong("hello-timeout"), help: "Seconds in which a client must say that it is an API client.")
  var helloTimeout = RelayLimits().helloTimeout
  @Option(name: .customLong("dial-timeout"), help: "Seconds in which the gateway must accept.")
  var dialTimeout = RelayLimits().dialTimeout
  @Option(
    name: .customLong("dead-peer-timeout"),
    help: "Seconds after which a peer that answers nothing is dropped; 0 is the system's.")
  var deadPeerTimeout = RelayLimits().deadPeerTimeout
  @Flag(
    name: .customLong("check-hello"), inversion: .prefixedNo, help: "Turn away who does not begin as an API client.")
  var checksHello = true
  @Option(name: .customLong("listen"), help: "When to listen: when-serving or always.")
  var listening = ListenPolicy.whenServing
  @Option(name: .customLong("transfer"), help: "How bytes are moved: automatic, copy or splice.")
  var transfer = TransferChoice.automatic

  @Flag(
    name: .customLong("report-readiness"),
    help: "Write a line feed to descriptor 3 once the control API is served, as a supervisor may want it.")
  var reportsReadiness = false

  func validate() throws {
    guard !routes.isEmpty else { throw ValidationError("give at least one --route") }
    let names = routes.map(\.route.name)
    guard Set(names).count == names.count else { throw ValidationError("each --route needs a name of its own") }
    guard tailnet != nil || callers == nil && !routes.contains(where: { $0.route.tailnetPort != nil }) else {
      throw ValidationError("--callers and tailnet:PORT need --tailnet")
    }
    let numbers: [(String, Double, ClosedRange<Double>)] = [
      ("--log-size", Double(logMegabytes), 1...10_000), ("--log-keep", Double(logsKept), 0...1000),
      ("--max-clients", Double(maxClients), 1...60_000), ("--max-waiting", Double(maxWaiting), 1...60_000),
      ("--rate", Double(rate), 0...100_000), ("--idle-timeout", idleTimeout, 0...31_536_000),
      ("--hello-timeout", helloTimeout, 0.1...3600), ("--dial-timeout", dialTimeout, 0.1...3600),
      ("--dead-peer-timeout", deadPeerTimeout, 0...86_400),
    ]
    for (name, value, range) in numbers where !range.contains(value) {
      throw ValidationError("\(name) must be from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  func run() throws {
    _ = clinux_raise_descriptor_limit()
    let configuration = configuration
    let reportReadiness: @Sendable () -> Void = { [reportsReadiness] in
      if reportsReadiness { _ = write(3, "\n", 1) }
    }
    withLoop { loop in
      do {
        let service = try RelayService(configuration, on: loop)
        stopOnSignal(service, loop)
        service.serveAPI().whenComplete { result in
          switch result {
          case .success: reportReadiness()
          case .failure(let error):
            fail("cannot serve the control API on \(configuration.socketPath ?? ""): \(error)")
          }
        }
        service.run()
        service.whenStopped.whenComplete { _ in leave(ExitStatus.success) }
      } catch {
        fail("\(error)")
      }
    }
  }

  private var configuration: RelayServiceConfiguration {
    var limits = RelayLimits()
    if let allowed { limits.allowed = allowed.ranges }
    limits.clients = maxClients
    limits.waiting = maxWaiting
    limits.rate = rate
    limits.checksHello = checksHello
    limits.helloTimeout = helloTimeout
    limits.dialTimeout = dialTimeout
    limits.idleTimeout = idleTimeout
    limits.deadPeerTimeout = deadPeerTimeout
    limits.transfer = transfer
    var configuration = RelayServiceConfiguration(routes: routes.map(\.route))
    configuration.limits = limits
    configuration.listening = listening
    configuration.tailnet = tailnet.map {
      .init(
        socket: $0, usesKernel: tailnetTun.map { $0 == .kernel }, isGuarded: isGuarded, callersFile: callers,
        admitsLocal: admitsLocal)
    }
    configuration.socketPath = socket
    configuration.logDirectory = logDirectory
    configuration.logSize = logMegabytes << 20
    configuration.logsKept = logsKept
    return configuration
  }
}

/// Serves its socket anew on HUP, for a socket that was removed. Stops the service on the first TERM or INT; on a second one, the process ends at once.
private func stopOnSignal(_ service: RelayService, _ loop: any EventLoop) {
  var isStopping = false
  LoopSignals.watch(on: loop) { signal in
    if signal == SIGHUP { serveAgain(service.serveAPI()) }
    guard signal == SIGTERM || signal == SIGINT else { return }
    if isStopping { leave(ExitStatus.success) }
    isStopping = true
    service.stop()
  }.whenFailure { error in fail("cannot read signals: \(error)") }
}

/// A `--route` argument.
struct RouteArgument: ExpressibleByArgument {
  let route: RelayServiceConfiguration.Route

  init?(argument: String) {
    let sides = argument.split(separator: "=", maxSplits: 1)
    guard sides.count == 2, sides[0].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) else {
      return nil
    }
    var places = sides[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let upstream = places.popLast().flatMap({ Endpoint($0) }), upstream.port != 0, !places.isEmpty else {
      return nil
    }
    let word = "tailnet:"
    let ports = places.filter { $0.hasPrefix(word) }.map { UInt16($0.dropFirst(word.count)) }
    let listen = places.filter { !$0.hasPrefix(word) }.compactMap { Endpoint($0) }
    guard ports.count < 2, ports != [nil], ports != [0], listen.count == places.count - ports.count else { return nil }
    route = .init(name: String(sides[0]), listen: listen, tailnetPort: ports.first ?? nil, upstream: upstream)
  }
}

/// A `--tailnet-tun` argument.
enum TunArgument: String, ExpressibleByArgument, CaseIterable {
  case kernel
  case userspace
}

/// An `--allow` argument.
struct AllowArgument: ExpressibleByArgument {
  let ranges: [AddressRange]

  init?(argument: String) {
    let ranges = argument.split(separator: ",").map { AddressRange(String($0)) }
    guard !ranges.isEmpty, !ranges.contains(where: { $0 == nil }) else { return nil }
    self.ranges = ranges.compactMap(\.self)
  }
}

extension ListenPolicy: ExpressibleByArgument {}
extension TransferChoice: ExpressibleByArgument {}
