import FoundationEssentials
import Testing
import Trading

@testable import Lifecycle

/// A lifecycle that another program in the same process goes on with, after a crash or an upgrade.
@Suite struct ContinuationTests {
  private let plans: [ServicePlan] = [
    .daemon("relay"), .daemon("xvfb", readiness: .whenReported(within: 60_000), rank: 5), .gateway(.paper),
    .task("script"),
  ]

  private func passedOn(_ state: LifecycleState) throws -> LifecycleState {
    try JSONDecoder().decode(LifecycleState.self, from: try JSONEncoder().encode(state))
  }

  private func successor(of stage: Stage, plans: [ServicePlan]) throws -> Stage {
    var next = Stage(plans, at: stage.now)
    next.lifecycle.goOn(from: try passedOn(stage.lifecycle.state), at: stage.now)
    return next
  }

  @Test func `the successor knows what its predecessor knew and decides as it would have`() throws {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("xvfb") + stage.spawned("ibc-paper")
    _ = stage.say("relay", .ended(.signal(9))) + stage.say("ibc-paper", .gateway(.javaStarting))
    var next = try successor(of: stage, plans: plans)
    #expect(next.lifecycle.records == stage.lifecycle.records)
    #expect(next.lifecycle.gateways == stage.lifecycle.gateways)
    #expect(next.lifecycle.nextWake == stage.lifecycle.nextWake)
    #expect(next.term() == stage.term())
    #expect(next.lifecycle.phase == stage.lifecycle.phase)
    var third = try successor(of: next, plans: plans)
    #expect(third.wait(50_000) == stage.wait(50_000))
  }

  @Test
  func `a service that is new waits for its start, a script that is new has missed it, one that is gone is forgotten`()
    throws
  {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("relay")
    var next = try successor(of: stage, plans: Array(plans.dropFirst()) + [.daemon("web"), .task("late")])
    #expect(next.lifecycle.record("relay") == nil)
    #expect(next.lifecycle.record("late")?.state == .finished)
    let actions = next.handle(.timePassed)
    #expect(actions.filter(\.isDeed) == [.spawn("web")])
  }

  @Test func `of each service that should have a process it is told whether it has`() throws {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("ibc-paper")
    let record = try #require(stage.lifecycle.record("relay"))
    #expect(record.pid != nil && stage.lifecycle.record("xvfb")?.pid == nil)
    let all: [ServiceName: Int32] = ["relay": record.pid!, "xvfb": 77, "ibc-paper": 78, "script": 79]
    #expect(
      stage.lifecycle.news(of: all, others: []) == [
        .service("xvfb", .spawned(pid: 77)), .service("script", .spawned(pid: 79)),
      ])
    let lost = stage.lifecycle.news(of: ["xvfb": 77], others: ["ibc-paper"])
    #expect(lost.first == .service("relay", .ended(.code(255))))
    #expect(lost.contains(.service("xvfb", .spawned(pid: 77))))
    #expect(!lost.contains { if case .service("ibc-paper", _) = $0 { true } else { false } })
  }

  @Test func `without its predecessor's decisions what has a process is taken to run, and no script runs again`() {
    var next = Stage(plans)
    next.lifecycle.goOn(with: ["relay": 7, "xvfb": 8, "ibc-paper": 9], at: next.now)
    let actions = next.handle(.timePassed)
    #expect(!actions.contains { if case .spawn = $0 { true } else { false } })
    #expect(next.lifecycle.records.map(\.state) == [.running, .running, .running, .finished])
    #expect(next.lifecycle.record("ibc-paper")?.pid == 9)
  }

  @Test func `a supervisor that fails again and again stops everything in order and ends with 70`() {
    var stage = Stage([.daemon("relay")])
    _ = stage.begin() + stage.spawned("relay")
    let actions = stage.handle(.supervisorFails("it has crashed 4 times within a minute"))
    #expect(actions.contains(.terminate("relay")))
    #expect(stage.handle(.supervisorFails("again")).filter(\.isDeed).isEmpty)
    #expect(stage.say("relay", .ended(.code(0))).contains(.exit(70)))
  }
}

/// A service that runs and does not answer is of no use; a gateway has remedies of its own.
@Suite struct UnresponsiveTests {
  @Test func `a daemon is killed and started again, a gateway is left alone`() {
    var stage = Stage([.daemon("relay"), .gateway(.paper)])
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("ibc-paper") + stage.say("ibc-paper", .ready)
    #expect(stage.say("relay", .unresponsive).filter(\.isDeed) == [.kill("relay")])
    #expect(stage.lifecycle.record("relay")?.state == .running)
    #expect(stage.say("ibc-paper", .unresponsive).filter(\.isDeed).isEmpty)
    _ = stage.say("relay", .ended(.signal(9))) + stage.wait(120_000)
    #expect(stage.lifecycle.record("relay")?.restarts == 1)
  }

  @Test(arguments: ["relay", "ibc-paper"] as [ServiceName])
  func `what a signal has suspended is told to go on, also in a stop`(name: ServiceName) {
    var stage = Stage([.daemon("relay"), .gateway(.paper)])
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("ibc-paper") + stage.say("ibc-paper", .ready)
    #expect(stage.say(name, .suspended) == [.proceed(name)])
    _ = stage.term() + stage.say("relay", .ended(.code(0)))
    if name == "ibc-paper" { #expect(stage.say(name, .suspended) == [.proceed(name)]) }
  }
}
