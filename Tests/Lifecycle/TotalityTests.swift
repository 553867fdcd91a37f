import Testing
import Trading

@testable import Lifecycle

/// Every state of every kind of service, in every phase of the supervisor, takes every event there is.
@Suite struct TotalityTests {
  private static let exits: [Exit] = [.code(0), .code(1), .code(85), .code(87), .code(88), .code(143), .signal(9)]

  private static let events: [ServiceEvent] =
    [
      .spawned(pid: 9), .spawnFailed(why: "cannot start it", missing: false),
      .spawnFailed(why: "cannot start it", missing: true), .ready, .unresponsive, .suspended, .gateway(.javaStarting),
      .gateway(.loginAttempt(2)),
      .gateway(.secondFactorAsked), .gateway(.secondFactorClosed), .gateway(.loginCompleted), .gateway(.javaEnded(1)),
    ] + exits.map { .ended($0) } + exits.map { .leaderEnded($0) }

  /// Each state that this kind can be in, before a stop and after one, two and three TERMs and after the end.
  private func stages(_ kind: ServicePlan.Kind) -> [Stage] {
    ServiceState.allCases.compactMap { Stage.reached($0, by: kind) }.flatMap { running in
      var stages = [running]
      for _ in 1...3 {
        var next = stages[stages.count - 1]
        _ = next.term()
        stages.append(next)
      }
      var ended = stages[stages.count - 1]
      _ = ended.wait(1000)
      stages.append(ended)
      return stages
    }
  }

  /// What must be so after any event, whatever the state was.
  private func check(_ before: Stage, _ after: Stage, _ actions: [Action], _ said: String) {
    let service = before.lifecycle.record(Stage.it)!
    let place: Comment = "\(said) while \(service.state) and \(before.lifecycle.phase)"
    #expect(after.lifecycle.contradictions(at: after.now) == [], place)
    if before.lifecycle.phase != .running {
      #expect(!actions.contains(.spawn(Stage.it)) && !actions.contains(.spawn(Stage.gate)), place)
    }
    if case .ended = before.lifecycle.phase { #expect(actions == [], place) }
    if service.state.hasProcess {
      #expect(!actions.contains(.spawn(Stage.it)), place)
    } else {
      let touching: Set<Action> = [.ask(Stage.it), .terminate(Stage.it), .killLeader(Stage.it), .kill(Stage.it)]
      #expect(touching.isDisjoint(with: actions), place)
    }
    if service.state == .running && before.lifecycle.phase == .running {
      let mayAct = ["order", "stop", "unresponsive", "suspended"].contains { said.hasPrefix($0) }
      #expect(actions == [] || mayAct, place)
    }
  }

  @Test(arguments: ServicePlan.Kind.each)
  func `every event of a service is answered, and leaves nothing that contradicts itself`(kind: ServicePlan.Kind) {
    for before in stages(kind) {
      for event in Self.events {
        var after = before
        check(before, after, after.say(Stage.it, event), "\(event)")
      }
    }
  }

  @Test(arguments: ServicePlan.Kind.each)
  func `every order, TERM and hour is answered, and leaves nothing that contradicts itself`(kind: ServicePlan.Kind) {
    for before in stages(kind) {
      for order in [Order.start, .stop, .restart] {
        var after = before
        let actions = (try? after.order(order, Stage.it)) ?? []
        check(before, after, actions, "order \(order)")
      }
      var told = before
      check(before, told, told.term(), "stop")
      var woken = before
      check(before, woken, woken.handle(.timePassed), "time that has not come")
      var begun = before
      check(before, begun, begun.handle(.begin), "begin")
    }
  }

  @Test(arguments: ServicePlan.Kind.each)
  func `time alone ends every wait`(kind: ServicePlan.Kind) {
    for before in stages(kind) {
      var after = before
      for _ in 0..<20 {
        guard let wake = after.lifecycle.nextWake else { break }
        _ = after.wait(wake - after.now.uptime)
        #expect(after.lifecycle.contradictions(at: after.now) == [])
      }
      if case .stopping = before.lifecycle.phase { #expect(after.lifecycle.phase == .ended(code: 0)) }
    }
  }

  @Test(arguments: ServicePlan.Kind.each)
  func `after three TERMs every state comes to its end within a second`(kind: ServicePlan.Kind) {
    for state in ServiceState.allCases {
      guard var stage = Stage.reached(state, by: kind) else { continue }
      let actions = stage.term() + stage.term() + stage.term() + stage.wait(1000)
      #expect(actions.last == .exit(0))
    }
  }
}
