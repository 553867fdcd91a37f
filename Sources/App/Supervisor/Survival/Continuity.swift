import FoundationEssentials
import Lifecycle
import Survival

/// What a supervisor needs to go on after its own crash: where to write down what it does, and how to be executed anew.
public struct Continuity: Sendable {
  /// The memory that outlives the program.
  public var ledger: Ledger
  /// The way to the program that takes this one's place.
  public let reexecution: Reexecution
  /// The descriptor that holds the run directory's lock.
  public let lock: Int32
  /// What the program before this one in the same process has left; nil for the first.
  public let heritage: Heritage?

  /// A continuity.
  public init(ledger: Ledger, reexecution: Reexecution, lock: Int32, heritage: Heritage? = nil) {
    self.ledger = ledger
    self.reexecution = reexecution
    self.lock = lock
    self.heritage = heritage
  }
}

/// What one program leaves to the next in the same process.
public struct Heritage: Sendable {
  let children: SavedChildren
  /// Nil where the next program does not understand what the one before has decided, as after an upgrade.
  let decisions: SavedDecisions?
  /// How many of the decisions' actions were begun.
  let begun: Int
  let crashes: [Crash]
  /// Whether the program before had begun to decide anything.
  public let hasBegun: Bool

  /// What stands in the ledger; nil when there are children and it cannot be read which.
  public init?(_ ledger: Ledger) {
    hasBegun = ledger.has(.decisions) || ledger.has(.children)
    let read = ledger.read(.children).flatMap { try? JSONDecoder().decode(SavedChildren.self, from: Data($0)) }
    guard let children = ledger.has(.children) ? read : SavedChildren() else { return nil }
    self.children = children
    decisions = ledger.read(.decisions).flatMap { try? JSONDecoder().decode(SavedDecisions.self, from: Data($0)) }
    begun = ledger.begun
    crashes = ledger.crashes
  }

  /// The descriptor that holds the run directory's lock.
  public var lock: Int32? { children.lock }

  /// Every descriptor that is to be kept open.
  public var descriptors: Set<Int32> {
    Set([children.lock, children.control].compactMap(\.self) + children.notify.values)
      .union(children.processes.flatMap { [$0.output, $0.readiness].compactMap(\.self) })
  }

  /// The crashes that the program before has not told of.
  var news: [Crash] { crashes.filter { $0.uptime > children.told } }
}

/// The processes and the descriptors that belong to them: written down before and after each change.
struct SavedChildren: Codable {
  var lock: Int32?
  /// The listener of the control socket.
  var control: Int32?
  /// The sockets on which services say that they are ready, by the services' names.
  var notify: [String: Int32] = [:]
  var processes: [SavedChild] = []
  /// When the last crash happened that the log tells of, in milliseconds of the clock that never jumps.
  var told: Int64 = 0
  /// How many crashes were survived, and how often the program was executed anew on request.
  var crashes = 0
  var reloads = 0
}

/// One process of ours.
struct SavedChild: Codable {
  var name: ServiceName
  /// 0 while it is being started: then its output's pipe tells which it is.
  var pid: Int32
  /// In clock ticks after boot: with the pid it names a process for good.
  var startTime: UInt64
  /// Our ends of its pipes; nil when they are closed.
  var output: Int32?
  var readiness: Int32?
  var isService: Bool
  var leaderExit: Exit?
  var lastExit: Exit?
  var leaderEndTold: Bool
  /// What was read of a line that has not ended yet.
  var partialLine: [UInt8]
}

/// What was decided: written down before it is carried out.
struct SavedDecisions: Codable {
  var state: LifecycleState
  var actions: [Action]
  /// When the first program in this process started.
  var started: Moment
  var orphansReaped: Int
}
