import GatewayProbe
import Lifecycle
import NIOCore
import Trading

/// The probe: it owns every connection to the gateways' APIs and to the command servers of their IBC, observes the gateways, and tells the
/// supervisor what it sees. It decides nothing about them.
///
/// Everything is owned by `loop`, and must be called there.
public final class ProbeService {
  let configuration: ProbeServiceConfiguration
  let loop: any EventLoop
  let observers: [GatewayObserver]
  let tailnet: TailnetObserver?
  private let link: SupervisorLink?
  private let say: (Severity, String) -> Void

  /// A probe that has not begun. `say` gets its log, a line at a time.
  public init(
    _ configuration: ProbeServiceConfiguration, on loop: any EventLoop, say: @escaping (Severity, String) -> Void
  ) {
    self.configuration = configuration
    self.loop = loop
    self.say = say
    let link = configuration.supervisorPath.map { SupervisorLink(path: $0, on: loop, say: say) }
    self.link = link
    let listeners = GatewayObserver.Listeners(report: { link?.tell($0) }, say: say)
    observers = configuration.gateways.map { gateway in
      GatewayObserver(
        gateway, firstClientID: configuration.firstClientID, timing: configuration.timing, on: loop,
        listeners: listeners)
    }
    tailnet = configuration.tailnet.map { TailnetObserver($0, on: loop, report: { link?.tell($0) }, say: say) }
  }

  /// Begins to observe every gateway, and the tailnet.
  public func run() {
    tailnet?.run()
    for observer in observers { observer.run() }
  }

  /// Ends every connection in order, and completes within a second.
  public func stop() -> EventLoopFuture<Void> {
    link?.stop()
    tailnet?.stop()
    return EventLoopFuture.andAllComplete(observers.map { $0.stop() }, on: loop)
  }

  /// Checks each gateway once, without observing it, and completes with what was seen in the order of the configuration.
  public func checkOnce() -> EventLoopFuture<[CheckReport]> {
    let checks = observers.map { observer in
      let promise = loop.makePromise(of: CheckReport.self)
      observer.check(promise.succeed)
      return promise.futureResult
    }
    return EventLoopFuture.whenAllSucceed(checks, on: loop)
  }

  func observer(of mode: Mode) -> GatewayObserver? { observers.first { $0.gateway.mode == mode } }
}
