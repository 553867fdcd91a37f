import FoundationEssentials
import GatewayProbe
import Glibc
import Lifecycle
import LocalHTTP
import NIOCore
import NIOPosix
import Splice

@testable import ProbeService
@testable import Simulator

/// A simulated gateway, the probe that observes it, and a supervisor that takes down what it is told, all on one loop.
final class ObservedGateway: Sendable {
  struct TimedOut: Error {}

  let loop: any EventLoop
  let reports: Reports
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let simulator: NIOLoopBound<Simulator>
  private let service: NIOLoopBound<ProbeService>
  let supervisorPath = ObservedGateway.freePath()
  let probePath = ObservedGateway.freePath()

  /// Shorter pauses than the real ones. What a gateway may take for its answers is as long as ever while all is well, so that a busy
  /// machine is not taken for a fault.
  static var quick: ProbeTiming {
    var timing = ProbeTiming()
    timing.lookWhileDown = .milliseconds(20)
    timing.lookWhileUp = .milliseconds(100)
    timing.gateGap = .milliseconds(50)
    timing.firstRepeat = .milliseconds(50)
    timing.secondRepeat = .milliseconds(250)
    timing.repeatInterval = .milliseconds(250)
    timing.repeatLimit = .seconds(1)
    timing.backOff = .milliseconds(500)
    return timing
  }

  /// - Parameters:
  ///   - faults: what is wrong with the gateway from the start.
  ///   - supervises: whether a supervisor is there from the start.
  init(
    faults: [String] = [], commandServer: Int? = nil, supervises: Bool = true, timing: ProbeTiming = quick
  ) async throws {
    loop = group.next()
    reports = Reports(loop)
    let (loop, group) = (loop, group)
    let faults = try faults.map { try Fault(text: $0) }
    let started = loop.makePromise(of: Int.self)
    simulator = try await loop.submit {
      let simulator = Simulator(
        configuration: .init(port: 0, faults: faults), loop: loop,
        report: { line in
          guard line.hasPrefix("listening") else { return }
          started.succeed(Int(line.split(separator: " ")[2].split(separator: ":")[1]) ?? 0)
        }, ended: { _ in })
      simulator.start()
      return NIOLoopBound(simulator, eventLoop: loop)
    }.get()
    let port = try await started.futureResult.get()
    let (supervisorPath, probePath) = (supervisorPath, probePath)
    service = try await loop.submit {
      var configuration = ProbeServiceConfiguration(gateways: [
        .init(
          mode: .paper, api: Endpoint("127.0.0.1:\(port)")!,
          commandServer: commandServer.flatMap { Endpoint("127.0.0.1:\($0)") })
      ])
      configuration.timing = timing
      configuration.supervisorPath = supervisorPath
      configuration.socketPath = probePath
      return NIOLoopBound(ProbeService(configuration, on: loop) { _, _ in }, eventLoop: loop)
    }.get()
    _ = group
    if supervises { try await supervise() }
    let service = service
    try await loop.flatSubmit { service.value.serveAPI() }.get()
    try await loop.submit { service.value.run() }.get()
  }

  /// Begins to take reports.
  func supervise() async throws {
    let (loop, reports, path) = (loop, reports, supervisorPath)
    _ = try await loop.flatSubmit {
      LocalHTTPServer.start(on: loop, path: path) { request, responder in
        guard request.method == "POST", request.path == "/v1/observations",
          let report = try? JSONDecoder().decode(ProbeReport.self, from: Data(request.body))
        else { return responder.respond(.text(404, "no such request")) }
        reports.take(report)
        responder.respond(.text(200, "noted"))
      }
    }.get()
  }

  /// A line of the simulator's control socket.
  @discardableResult
  func perform(_ line: String) async throws -> String {
    let simulator = simulator
    return try await loop.submit { simulator.value.perform(line: line) }.get()
  }

  /// Puts a request to the probe's API.
  func ask(_ method: String, _ target: String) async throws -> HTTPResponse {
    let (loop, path) = (loop, probePath)
    return try await loop.flatSubmit { LocalHTTPClient.request(method, target, path: path, on: loop) }.get()
  }

  /// Has a new client's handshake tried now, and does not wait for what it comes to.
  func checkNow() async throws {
    let service = service
    try await loop.submit { service.value.observer(of: .paper)?.check { _ in } }.get()
  }

  func status() async throws -> WatchStatus {
    try await JSONDecoder().decode([WatchStatus].self, from: Data(ask("GET", "/v1/status").body))[0]
  }

  func end() async throws {
    let (simulator, service) = (simulator, service)
    try await loop.flatSubmit { service.value.stop() }.get()
    try await loop.submit { simulator.value.stop() }.get()
    unlink(supervisorPath)
    unlink(probePath)
    try await group.shutdownGracefully()
  }

  static func freePath() -> String { "/tmp/ibgw-probe-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock" }
}

/// Asks until it is so, for 20 s at the most.
func eventually(_ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(20)
  while try await !condition() {
    if ContinuousClock.now > deadline { throw ObservedGateway.TimedOut() }
  }
}

/// What the supervisor was told, and who waits for more.
final class Reports: Sendable {
  private struct State {
    var all: [ProbeReport] = []
    var waiter: (condition: (ProbeReport) -> Bool, promise: EventLoopPromise<ProbeReport>)?
  }

  private let loop: any EventLoop
  private let state: NIOLoopBoundBox<State>

  init(_ loop: any EventLoop) {
    self.loop = loop
    state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: loop)
  }

  func take(_ report: ProbeReport) {
    state.value.all.append(report)
    guard let waiter = state.value.waiter, waiter.condition(report) else { return }
    state.value.waiter = nil
    waiter.promise.succeed(report)
  }

  /// Everything so far.
  func all() async throws -> [ProbeReport] {
    let state = state
    return try await loop.submit { state.value.all }.get()
  }

  /// Waits until what was told last is as wanted.
  @discardableResult
  func wait(_ condition: @escaping @Sendable (ProbeReport) -> Bool) async throws -> ProbeReport {
    let (loop, state) = (loop, state)
    return try await loop.flatSubmit {
      if let last = state.value.all.last, condition(last) { return loop.makeSucceededFuture(last) }
      let promise = loop.makePromise(of: ProbeReport.self)
      state.value.waiter = (condition, promise)
      let limit = loop.scheduleTask(in: .seconds(20)) { promise.fail(ObservedGateway.TimedOut()) }
      promise.futureResult.whenComplete { _ in limit.cancel() }
      return promise.futureResult
    }.get()
  }
}
