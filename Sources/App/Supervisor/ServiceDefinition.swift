import Lifecycle
import Processes

/// A service with everything that the supervisor needs to run it: what is decided about it, and what is started.
public struct ServiceDefinition: Sendable {
  /// How the lines that a service prints are taken.
  public enum Voice: Sendable, Hashable {
    /// As lines of this severity.
    case plain(Severity)
    /// Each line may begin with `<N>`, syslog's priority, as the processes of this program do; without it the line is `info`.
    case prioritised
    /// As IBC's output, which tells about the login.
    case ibc
  }

  /// What is decided about it.
  public var plan: ServicePlan
  /// What is started.
  public var command: Command
  /// How its lines are taken.
  public var voice: Voice
  /// Whether it says that it is ready as sd_notify(3) does: `READY=1` in a datagram to the socket named by `NOTIFY_SOCKET`.
  public var notifies: Bool
  /// A text in its output that says that it is ready, where it has no better way to say so.
  public var readyText: String?
  /// What an earlier run may have left and would keep it from starting; removed before each start.
  public var stale: StaleFiles?

  /// A definition.
  public init(
    plan: ServicePlan, command: Command, voice: Voice = .plain(.info), notifies: Bool = false,
    readyText: String? = nil, stale: StaleFiles? = nil
  ) {
    self.plan = plan
    self.command = command
    self.voice = voice
    self.notifies = notifies
    self.readyText = readyText
    self.stale = stale
  }
}
