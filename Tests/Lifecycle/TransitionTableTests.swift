import Testing
import Trading

@testable import Lifecycle

/// What becomes of each state by each event while the supervisor runs. A dot: it stays what it is.
@Suite struct TransitionTableTests {
  private static let inputs: [Lifecycle.Input] = [
    .spawned(pid: 9), .spawnFailed(why: "cannot start it", missing: false),
    .spawnFailed(why: "cannot start it", missing: true), .ready, .leaderEnded(.signal(9)), .ended(.signal(11)),
    .gateway(.loginCompleted), .gateway(.javaEnded(0)), .deadline,
  ]

  private static let daemon = """
    state       spawned  failed      missing   ready    leader  ended       login    java      deadline
    waiting     .        .           .         .        .       .           .        .         .
    starting    .        backingOff  degraded  running  .       backingOff  .        .         stopping
    running     .        .           .         .        .       backingOff  .        .         .
    backingOff  .        .           .         .        .       .           .        .         waiting
    stopping    .        backingOff  degraded  .        .       backingOff  .        .         .
    degraded    .        .           .         .        .       .           .        .         waiting
    stopped     .        .           .         .        .       .           .        .         .
    """

  private static let task = """
    state       spawned  failed      missing   ready    leader  ended       login    java      deadline
    waiting     .        .           .         .        .       .           .        .         .
    starting    .        finished    finished  running  .       finished    .        .         stopping
    running     .        .           .         .        .       finished    .        .         .
    stopping    .        finished    finished  .        .       finished    .        .         .
    finished    .        .           .         .        .       .           .        .         .
    """

  private static let gateway = """
    state       spawned  failed      missing   ready    leader  ended       login    java      deadline
    waiting     .        .           .         .        .       .           .        .         .
    starting    .        backingOff  held      running  .       backingOff  running  .         stopping
    running     .        .           .         .        .       backingOff  .        starting  .
    backingOff  .        .           .         .        .       .           .        .         waiting
    stopping    .        backingOff  held      .        .       backingOff  .        .         .
    stopped     .        .           .         .        .       .           .        .         .
    held        .        .           .         .        .       .           .        .         waiting
    """

  @Test(arguments: zip(ServicePlan.Kind.each, [daemon, task, gateway]))
  func `every state has its answer to every event`(kind: ServicePlan.Kind, table: String) {
    let rows = table.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
    let reachable = ServiceState.allCases.filter { Stage.reached($0, by: kind) != nil }
    #expect(Set(rows.map { $0[0] }) == Set(reachable.map(\.rawValue)))
    for row in rows {
      guard let state = ServiceState(rawValue: row[0]), let stage = Stage.reached(state, by: kind) else { continue }
      let found = Self.inputs.map { input in
        var lifecycle = stage.lifecycle
        var actions: [Action] = []
        lifecycle.take(input, 1, stage.now, &actions)
        let next = lifecycle.records[1].state
        return next == state ? "." : next.rawValue
      }
      #expect(found == Array(row.dropFirst()), "\(state)")
    }
  }
}
