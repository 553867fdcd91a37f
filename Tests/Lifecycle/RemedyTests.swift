import Testing
import Trading

@testable import Lifecycle

/// What is done about a gateway that answers nobody, and what is not.
@Suite struct RemedyTests {
  private let patience = Lifecycle.wedgePatience

  /// A gateway that has served and answers nobody any more, a relay and a probe.
  private func wedged(_ onWedge: WedgePolicy = .session, hasCommandServer: Bool = true) -> Stage {
    var stage = Stage(
      [.daemon("relay"), .daemon("probe"), .gateway(.paper)],
      policy: GatewayPolicy(onWedge: onWedge, hasCommandServer: hasCommandServer))
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("probe") + stage.spawned(paper)
    _ = stage.say(paper, .javaStarting) + stage.say(paper, .loginAttempt(1)) + stage.say(paper, .loginCompleted)
    _ = see(.serving, &stage) + see(.silent, &stage)
    return stage
  }

  private func see(_ what: APIObservation, _ stage: inout Stage) -> [Action] {
    let failures = what == .serving ? 0 : 3
    return stage.handle(
      .observed(ProbeReport(mode: .paper, observation: what, listens: true, failures: failures, why: "as seen")))
  }

  /// The relay says how much it has carried, at the beginning of the wedge and when it has lasted.
  private func weigh(_ before: Int64?, _ after: Int64?, _ stage: inout Stage) -> [Action] {
    _ = stage.handle(.traffic(.paper, before))
    _ = stage.wait(patience)
    return stage.handle(.traffic(.paper, after))
  }

  @Test func `a wedge that lasts for three minutes while nothing flows has its session restarted, once`() {
    var stage = wedged()
    #expect(stage.lifecycle.gateway(.paper)?.state == .wedged)
    #expect(weigh(1000, 1000, &stage) == [.command(.paper, .restart)])
    #expect(weigh(1000, 1000, &stage) == [])
  }

  @Test(arguments: [(1000, 1001), (1000, nil), (nil, 1000)] as [(Int64?, Int64?)])
  func `while something flows, or nobody knows, nothing is done`(before: Int64?, after: Int64?) {
    var stage = wedged()
    #expect(weigh(before, after, &stage) == [])
  }

  @Test func `what a probe saw that is gone is no reason, and one that is back has to see it for as long`() throws {
    var stage = wedged()
    _ = stage.handle(.traffic(.paper, 1000))
    _ = try stage.order(.stop, "probe") + stage.say("probe", .ended(.code(0)))
    _ = stage.wait(patience)
    #expect(stage.handle(.traffic(.paper, 1000)) == [])
    _ = try stage.order(.start, "probe") + stage.spawned("probe")
    _ = stage.wait(patience - 1)
    #expect(stage.handle(.traffic(.paper, 1000)) == [])
    #expect(see(.silent, &stage) == [])
    #expect(stage.wait(1) == [.askTraffic(.paper)])
    #expect(stage.handle(.traffic(.paper, 1000)) == [.command(.paper, .restart)])
  }

  @Test func `what would need a login is left to the user unless he has asked for it`() {
    var stage = wedged(hasCommandServer: false)
    #expect(weigh(0, 0, &stage) == [])
    let advice = "a restart may need a login, so it is left to you: ibgw restart ibc-paper"
    #expect(stage.lines.last?.hasSuffix(advice) == true)
    var restarted = wedged(.restart, hasCommandServer: false)
    #expect(weigh(0, 0, &restarted) == [.ask(paper)])
    #expect(restarted.persisted[.paper]?.charges.map(\.why) == ["it was wedged and is restarted"])
    var reported = wedged(.report)
    #expect(weigh(0, 0, &reported) == [])
  }

  @Test func `without relay or probe nothing is ready, whatever was seen last, and it says how to mend that`() throws {
    var stage = wedged()
    _ = see(.serving, &stage)
    #expect(stage.lifecycle.health(.ready).ok)
    for (name, cost) in [("probe", "nobody looks whether a gateway answers"), ("relay", "no client can connect")] {
      let name = ServiceName(name)
      _ = try stage.order(.stop, name) + stage.say(name, .ended(.code(0)))
      let cause = try #require(stage.lifecycle.health(.ready, mode: .paper).causes.first)
      #expect(cause.about == name.text && cause.state == "stopped")
      #expect(cause.why.hasPrefix(cost) && cause.why.hasSuffix("ibgw start \(name)"))
      #expect(stage.lifecycle.health(.live).ok)
      _ = try stage.order(.start, name) + stage.spawned(name)
      #expect(stage.lifecycle.health(.ready).ok)
    }
  }
}
