import Testing
import Trading

@testable import Lifecycle

@Suite struct StopStepsTests {
  /// A gateway whose java has been started and is logged in.
  private func loggedIn() -> Stage {
    var stage = Stage([.gateway(.paper)])
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    return stage
  }

  @Test func `a gateway is asked, then its shell is killed and java told by TERM, then all is killed`() {
    var stage = loggedIn()
    #expect(stage.term() == [.ask(paper)])
    #expect(stage.wait(19_999) == [])
    #expect(stage.wait(1) == [.killLeader(paper)])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    #expect(stage.wait(9999) == [])
    #expect(stage.wait(1) == [.kill(paper)])
    #expect(stage.say(paper, .ended(.signal(9))) == [.exit(0)])
    #expect(
      stage.lines.suffix(3) == [
        "warning ibc-paper: did not end when asked: told by TERM", "warning ibc-paper: did not end in time: killed",
        "info ibc-paper: stopped after 30 s: signal 9 (KILL)",
      ])
  }

  @Test func `java is told by TERM once, however often its shell is said to be gone`() {
    var stage = loggedIn()
    _ = stage.term() + stage.wait(20_000)
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [])
  }

  @Test func `a shell that ends while java is being asked leaves java its time`() {
    var stage = loggedIn()
    _ = stage.term()
    #expect(stage.say(paper, .leaderEnded(.code(0))) == [])
    #expect(stage.wait(20_000) == [.terminate(paper)])
  }

  @Test func `java that its shell starts again in a stop is told at once, shell first`() {
    var stage = loggedIn()
    _ = stage.term() + stage.wait(3000)
    #expect(stage.say(paper, .javaEnded(0)) == [])
    #expect(stage.say(paper, .javaStarting) == [.killLeader(paper)])
    #expect(stage.lines.last == "warning ibc-paper: ibcstart.sh has started java again: told by TERM")
    #expect(stage.say(paper, .javaStarting) == [])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    // 10 seconds of its own, and the 17 that were left for asking.
    #expect(stage.wait(26_999) == [])
    #expect(stage.wait(1) == [.kill(paper)])
  }

  @Test func `a gateway that cannot be asked has the whole time to end by TERM`() {
    var stage = loggedIn()
    _ = stage.term() + stage.wait(100)
    #expect(stage.say(paper, .askFailed) == [.killLeader(paper)])
    #expect(stage.say(paper, .leaderEnded(.signal(9))) == [.terminate(paper)])
    #expect(stage.wait(29_899) == [])
    #expect(stage.wait(1) == [.kill(paper)])
  }

  @Test func `a gateway whose java has not been started cannot be asked, and is told at once`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin() + stage.spawned(paper)
    #expect(stage.term() == [.killLeader(paper)])
    #expect(stage.say(paper, .ended(.signal(9))) == [.exit(0)])
  }

  @Test func `a gateway that was started after it had been told to stop is told again`() {
    var stage = Stage([.gateway(.paper)])
    _ = stage.begin()
    #expect(stage.term() == [.killLeader(paper)])
    #expect(stage.spawned(paper) == [.killLeader(paper)])
    #expect(stage.wait(30_000) == [.kill(paper)])
  }

  @Test func `what was killed before it was there is killed once it is`() {
    var stage = Stage([.daemon("caddy")])
    _ = stage.begin()
    _ = stage.term() + stage.term() + stage.term()
    #expect(stage.spawned("caddy") == [.kill("caddy")])
  }

  @Test func `a daemon is told by TERM, then killed`() {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(stage.term() == [.terminate("caddy")])
    #expect(stage.wait(3000) == [.kill("caddy")])
    #expect(stage.state("caddy") == .stopping)
    #expect(stage.say("caddy", .ended(.signal(9))) == [.exit(0)])
  }

  @Test func `a service of one step is killed at once`() {
    var plan = ServicePlan.daemon("probe")
    plan.stopSteps = [StopStep(.kill, 500)]
    var stage = Stage([plan])
    stage.everythingUp()
    #expect(stage.term() == [.kill("probe")])
  }

  @Test func `a service that hangs in the kernel after an order is waited for, and said once`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(try stage.order(.restart, "caddy") + stage.wait(86_400_000) == [.terminate("caddy"), .kill("caddy")])
    #expect(stage.lines.filter { $0.contains("hangs in the kernel") }.count == 1)
    #expect(stage.say("caddy", .ended(.signal(9))) == [.spawn("caddy")])
  }
}
