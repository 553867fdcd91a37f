import Testing
import Trading

@testable import Lifecycle

@Suite struct StopHasteTests {
  private func up() -> Stage {
    var stage = Stage([
      .gateway(.paper, after: [.ready("xvfb")]), .daemon("caddy", rank: 3), .daemon("xvfb", rank: 5),
    ])
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    return stage
  }

  @Test func `a second TERM skips the asking and leaves every step a second`() {
    var stage = up()
    #expect(stage.term() == [.ask(paper)])
    #expect(stage.term() == [.killLeader(paper)])
    #expect(stage.lines.last == "warning -: TERM again: the stop is hurried")
    _ = stage.say(paper, .leaderEnded(.signal(9)))
    #expect(stage.wait(999) == [])
    #expect(stage.wait(1) == [.kill(paper)])
    #expect(stage.say(paper, .ended(.signal(9))) == [.terminate("caddy")])
    #expect(stage.wait(1000) == [.kill("caddy")])
    #expect(stage.wait(1000) == [.terminate("xvfb")])
  }

  @Test func `after a second TERM the order is kept, and who comes later is not asked either`() {
    var stage = Stage([.daemon("relay", rank: 0), .gateway(.paper, after: [.ready("xvfb")]), .daemon("xvfb", rank: 5)])
    stage.everythingUp()
    _ = stage.say(paper, .javaStarting)
    #expect(stage.term() == [.terminate("relay")])
    #expect(stage.term() == [])
    #expect(stage.say("relay", .ended(.code(0))) == [.killLeader(paper)])
    _ = stage.say(paper, .leaderEnded(.signal(9)))
    #expect(stage.say(paper, .ended(.code(143))) == [.terminate("xvfb")])
    #expect(stage.say("xvfb", .ended(.code(0))) == [.exit(0)])
  }

  @Test func `a third TERM kills everything at once, and the end comes within a second more`() {
    var stage = up()
    _ = stage.term() + stage.term("INT")
    #expect(stage.term("INT") == [.kill(paper), .kill("caddy"), .kill("xvfb")])
    #expect(stage.lines.last == "warning -: INT once more: everything is killed")
    #expect(stage.wait(999) == [])
    #expect(stage.wait(1) == [.exit(0)])
    #expect(stage.lifecycle.nextWake == nil)
    #expect(stage.wait(86_400_000) == [])
  }

  @Test func `further TERMs kill again, and postpone nothing`() {
    var stage = up()
    _ = stage.term() + stage.term() + stage.term() + stage.wait(600)
    #expect(stage.term() == [.kill(paper), .kill("caddy"), .kill("xvfb")])
    #expect(stage.wait(400) == [.exit(0)])
    #expect(stage.term() == [])
  }

  @Test func `when the stop's time is up what still lives is killed, and one second later left to the kernel`() {
    var stage = Stage([.daemon("caddy"), .daemon("xvfb", rank: 5)], stopTimeout: 3000)
    stage.everythingUp()
    #expect(stage.term() == [.terminate("caddy")])
    #expect(stage.wait(2999) == [.kill("caddy"), .terminate("xvfb"), .kill("xvfb")])
    #expect(stage.wait(1) == [.kill("caddy"), .kill("xvfb")])
    #expect(stage.lines.contains("error -: the stop's time is up; killed: caddy, xvfb"))
    #expect(stage.wait(1000) == [.exit(0)])
    #expect(stage.lines.last == "error -: cannot end caddy, xvfb: the kernel keeps them; they are left to it")
  }

  @Test func `the exit code is that of the first reason, whatever comes after`() {
    var stage = Stage([.daemon("caddy"), .gateway(.paper)], onGatewayExit: .exit)
    stage.everythingUp()
    #expect(stage.say(paper, .ended(.code(87))) == [.terminate("caddy")])
    #expect(stage.term() == [])
    #expect(stage.say("caddy", .ended(.code(0))) == [.exit(87)])
  }

  @Test func `an end that comes after the exit changes nothing`() {
    var stage = up()
    _ = stage.term() + stage.term() + stage.term() + stage.wait(1000)
    #expect(stage.say(paper, .ended(.signal(9))) == [])
    #expect(stage.lifecycle.phase == .ended(code: 0))
  }
}
