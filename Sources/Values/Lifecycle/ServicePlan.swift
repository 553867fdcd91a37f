import Trading

/// A service's name, as it stands in the log, in `ibgw status` and on the command line.
public struct ServiceName: Sendable, Hashable, Comparable, Codable {
  /// The name itself.
  public let text: String

  /// A name of any text.
  public init(_ text: String) { self.text = text }
  /// Names sort as their texts do.
  public static func < (left: ServiceName, right: ServiceName) -> Bool { left.text < right.text }
  /// The name alone, not an object around it.
  public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
  /// The name alone, not an object around it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  /// IBC and the gateway of one trading mode.
  public static func gateway(_ mode: Mode) -> ServiceName { ServiceName("ibc-\(mode.rawValue)") }
}

extension ServiceName: ExpressibleByStringLiteral, CustomStringConvertible {
  /// A name written in the source.
  public init(stringLiteral text: String) { self.text = text }
  /// The name itself.
  public var description: String { text }
}

/// What has to be so before a service is started.
public enum Dependency: Sendable, Hashable, Codable {
  /// The other is up.
  case ready(ServiceName)
  /// The other has been started at least once.
  case started(ServiceName)
  /// The other, a task, has ended, whatever its exit code.
  case finished(ServiceName)
  /// The other has passed its login or has failed, or was started this many milliseconds ago.
  case settled(ServiceName, within: Int64)
}

/// How a service is known to be up.
public enum Readiness: Sendable, Hashable, Codable {
  /// It is up as soon as it has been started.
  case whenStarted
  /// It says so. One that has not said so within this many milliseconds is stopped and counts as failed; nil: no limit.
  case whenReported(within: Int64?)
}

/// One step of ending a service: what is done, and how many milliseconds it may take before the next step.
public struct StopStep: Sendable, Hashable, Codable {
  /// What is done to the service.
  public enum Measure: String, Sendable, Hashable, Codable {
    /// IBC's command server is told PAUSE, which ends a gateway that is logged in with its session kept.
    case pause
    /// IBC's command server is told STOP.
    case ask
    /// Nothing, until the relay's end is so many milliseconds ago: its clients are to see that end before the tailnet goes.
    case drain
    /// The tailnet node is logged out.
    case logOut = "log-out"
    /// TERM to the service's processes; a gateway's script first loses its shell, so that java is not started again.
    case terminate
    /// KILL to the service's processes.
    case kill
  }

  /// What is done.
  public var measure: Measure
  /// How long it may take, in milliseconds.
  public var patience: Int64

  /// A step of `patience` milliseconds.
  public init(_ measure: Measure, _ patience: Int64) {
    self.measure = measure
    self.patience = patience
  }
}

/// Everything that is decided about a service before it runs: when to start it, how it is known to be up, how it is tried again
/// and how it is ended.
public struct ServicePlan: Sendable, Hashable, Codable {
  /// What kind of process the service is.
  public enum Kind: Sendable, Hashable, Codable {
    /// Runs until it is stopped.
    case daemon
    /// Runs once, to its end.
    case task
    /// IBC and the gateway of one mode: never ended, restarted or retried without a reason the user would accept.
    case gateway(Mode)
  }

  /// Its name.
  public var name: ServiceName
  /// What kind of process it is.
  public var kind: Kind
  /// What has to be so before it starts.
  public var after: [Dependency]
  /// How it is known to be up.
  public var readiness: Readiness
  /// How long to wait after a failure.
  public var backOff: BackOff
  /// How many failures in a row are tried again. After one more a gateway is held and any other service is degraded.
  public var limit: Int
  /// How long it rests between two tries once it is degraded, in milliseconds.
  public var degradedPause: Int64
  /// Its place in the order of the stop: lower ranks end first, equal ranks together.
  public var stopRank: Int
  /// How it is ended. The last step is always a kill.
  public var stopSteps: [StopStep]

  /// Whether a shell leads it that would start its program again: such a shell is killed before the program is told to end.
  public var isLedByShell: Bool

  /// A plan of a service; a gateway's is led by ibcstart.sh unless said otherwise. `stopSteps` must not be empty and must end with a kill.
  public init(
    name: ServiceName, kind: Kind = .daemon, after: [Dependency] = [], readiness: Readiness = .whenStarted,
    backOff: BackOff = BackOff(initial: 500, maximum: 60_000, resetAfter: 60_000), limit: Int = 10,
    degradedPause: Int64 = 600_000, stopRank: Int,
    stopSteps: [StopStep] = [StopStep(.terminate, 3000), StopStep(.kill, 1000)], isLedByShell: Bool? = nil
  ) {
    precondition(stopSteps.last?.measure == .kill, "the last step of a stop is a kill")
    self.name = name
    self.kind = kind
    self.after = after
    self.readiness = readiness
    self.backOff = backOff
    self.limit = limit
    self.degradedPause = degradedPause
    self.stopRank = stopRank
    self.stopSteps = stopSteps
    if case .gateway = kind {
      self.isLedByShell = isLedByShell ?? true
    } else {
      self.isLedByShell = isLedByShell ?? false
    }
  }

  /// The trading mode of a gateway.
  public var mode: Mode? {
    if case .gateway(let mode) = kind { mode } else { nil }
  }
}
