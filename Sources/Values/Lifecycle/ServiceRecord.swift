/// The states of one service.
///
///     waiting --dependencies hold--> starting --ready--> running
///        ^                              |  ended            | ended
///        |                              v                   v
///        `---- its time has come --- backingOff / degraded (limit reached) / held (a gateway) / finished (a task)
///     starting, running --told to stop--> stopping --ended--> stopped, or waiting when a restart was asked for
///     held --the login budget lets a login through again--> waiting
public enum ServiceState: String, Sendable, Hashable, Codable, CaseIterable {
  /// Something that it needs is not there yet.
  case waiting
  /// Started, not up yet.
  case starting
  /// Up.
  case running
  /// Has failed; it is started again when its time has come.
  case backingOff
  /// Was told to end.
  case stopping
  /// Failed too often, or its program is missing: tried again at long intervals.
  case degraded
  /// A gateway that is not started again unless a person says so, or before a time that its login budget sets.
  case held
  /// Ended because it was told to; not started again unless it is told to.
  case stopped
  /// A task that has ended.
  case finished

  /// Whether a process of the service may be there.
  public var hasProcess: Bool { self == .starting || self == .running || self == .stopping }

  /// Whether the service runs, or will run without anybody's help.
  var mayStillServe: Bool { hasProcess || self == .waiting || self == .backingOff }
}

/// Why a service is being stopped, which decides what follows its end.
public enum StopPurpose: String, Sendable, Hashable, Codable {
  /// The supervisor ends.
  case shutdown
  /// A person asked for a stop.
  case order
  /// A person asked for a restart.
  case restart
  /// It did not become ready in time.
  case unready
  /// A gateway whose login has failed or is of no use.
  case login
}

/// What is known of one service.
public struct ServiceRecord: Sendable, Hashable, Codable {
  /// Where it stands.
  public internal(set) var state: ServiceState = .waiting
  /// Since when, for people and for durations.
  public internal(set) var since: Moment
  /// Why it stands there, in words; empty when there is nothing to say.
  public internal(set) var why = ""
  /// The process that leads it, while there is one.
  public internal(set) var pid: Int32?
  /// How often it has been started again without having been told to.
  public internal(set) var restarts = 0
  /// When the present or the last process was started; nil before the first.
  public internal(set) var startedAt: Moment?
  /// When the present process, or the java in it, became ready.
  public internal(set) var readyAt: Moment?
  /// How it ended the last time, in words.
  public internal(set) var lastEnd: String?

  /// Failures in a row, and the wait that the last one brought, in milliseconds.
  var failures = 0
  var lastDelay: Int64 = 0
  /// The uptime at which the state's deadline passes, in milliseconds.
  var until: Int64?
  /// While stopping: the step that is under way, and why it is stopped.
  var step = 0
  var purpose = StopPurpose.shutdown
  /// A gateway whose ibcstart.sh is gone while java goes on.
  var leaderGone = false
  /// It has once passed its login, or has once ended: others need not wait for it any more.
  var settled = false
  /// IBC has got as far as to start java in this run.
  var javaSeen = false

  init(since: Moment) { self.since = since }
}
