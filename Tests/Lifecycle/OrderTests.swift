import Testing
import Trading

@testable import Lifecycle

@Suite struct OrderTests {
  private func xvfbAndGateway() -> Stage {
    var stage = Stage([.daemon("xvfb", rank: 5), .gateway(.paper, after: [.ready("xvfb")]), .task("x-scripts")])
    stage.everythingUp()
    return stage
  }

  @Test func `a restart ends the service and starts it again at once`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(try stage.order(.restart, "caddy") == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [.spawn("caddy")])
    #expect(stage.lifecycle.record("caddy")?.restarts == 0)
    #expect(stage.lines.contains("info caddy: restart asked for by a person"))
  }

  @Test func `a stop lasts until a start`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(try stage.order(.stop, "caddy") == [.terminate("caddy")])
    #expect(stage.say("caddy", .ended(.code(0))) == [])
    #expect(stage.state("caddy") == .stopped)
    #expect(stage.why("caddy") == "stopped by order")
    #expect(stage.wait(86_400_000) == [])
    #expect(try stage.order(.start, "caddy") == [.spawn("caddy")])
  }

  @Test func `a gateway is ended by its command server first when a person asks for it`() throws {
    for order in [Order.stop, .restart] {
      var stage = xvfbAndGateway()
      _ = stage.say(paper, .javaStarting)
      #expect(try stage.order(order, paper) == [.ask(paper)])
      #expect(stage.say(paper, .ended(.code(0))) == (order == .restart ? [.spawn(paper)] : []))
    }
  }

  @Test func `a held gateway is started again by order, with its failures forgotten`() throws {
    for order in [Order.start, .restart] {
      var stage = Stage([.gateway(.paper, limit: 0)])
      stage.everythingUp()
      _ = stage.say(paper, .ended(.code(84)))
      #expect(stage.state(paper) == .held)
      #expect(try stage.order(order, paper) == [.spawn(paper)])
    }
  }

  @Test func `a start ends the wait of a service that backs off or is degraded`() throws {
    for limit in [0, 3] {
      var stage = Stage([.daemon("caddy", limit: limit)])
      stage.everythingUp()
      _ = stage.say("caddy", .ended(.code(1)))
      #expect(try stage.order(.start, "caddy") == [.spawn("caddy")])
      #expect(stage.wait(600_000) == [])
    }
  }

  @Test func `a stop ends the tries of a service that backs off`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    _ = stage.say("caddy", .ended(.code(1)))
    #expect(try stage.order(.stop, "caddy") == [])
    #expect(stage.wait(86_400_000) == [])
    #expect(stage.state("caddy") == .stopped)
  }

  @Test func `a start of what runs changes nothing`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    #expect(try stage.order(.start, "caddy") == [])
    #expect(stage.state("caddy") == .running)
  }

  @Test func `the last of several orders counts`() throws {
    var stage = Stage([.daemon("caddy")])
    stage.everythingUp()
    _ = try stage.order(.stop, "caddy") + stage.order(.start, "caddy")
    #expect(stage.say("caddy", .ended(.code(0))) == [.spawn("caddy")])
    _ = stage.spawned("caddy")
    _ = try stage.order(.restart, "caddy") + stage.order(.stop, "caddy")
    #expect(stage.say("caddy", .ended(.code(0))) == [])
    #expect(stage.state("caddy") == .stopped)
  }

  @Test func `a restart whose spawn then fails is tried again`() throws {
    var stage = Stage([.daemon("caddy")])
    _ = stage.begin()
    _ = try stage.order(.restart, "caddy")
    #expect(stage.say("caddy", .spawnFailed(why: "cannot start caddy: no memory", missing: false)) == [])
    #expect(stage.state("caddy") == .backingOff)
    #expect(stage.wait(1200) == [.spawn("caddy")])
  }

  @Test func `a stop before the process was there reaches it as soon as it is`() throws {
    var stage = Stage([.daemon("caddy")])
    _ = stage.begin()
    #expect(try stage.order(.stop, "caddy") == [.terminate("caddy")])
    #expect(stage.spawned("caddy") == [.terminate("caddy")])
    #expect(stage.lifecycle.record("caddy")?.pid == 101)
    #expect(stage.wait(3000) == [.kill("caddy")])
  }

  @Test(arguments: [Order.stop, .restart])
  func `the display of a running gateway is not taken away`(order: Order) {
    var stage = xvfbAndGateway()
    #expect(
      stage.refusal(order, "xvfb")
        == "cannot \(order) xvfb: ibc-paper runs on it and would lose its login; stop ibc-paper first")
    _ = stage.say(paper, .leaderEnded(.signal(9)))
    #expect(stage.refusal(order, "xvfb") != nil)
    #expect(stage.state("xvfb") == .running)
  }

  @Test func `the display is taken away once no gateway has a process`() throws {
    var stage = xvfbAndGateway()
    _ = try stage.order(.stop, paper)
    #expect(stage.refusal(.restart, "xvfb") != nil)
    _ = stage.say(paper, .ended(.code(0)))
    #expect(try stage.order(.restart, "xvfb") == [.terminate("xvfb")])
    #expect(try stage.order(.start, paper) == [])
    #expect(stage.say("xvfb", .ended(.code(0))) == [.spawn("xvfb")])
    #expect(stage.spawned("xvfb") == [.spawn(paper)])
  }

  @Test func `what no gateway runs on may be restarted under it`() throws {
    var stage = Stage([.daemon("caddy"), .gateway(.paper)])
    stage.everythingUp()
    #expect(try stage.order(.restart, "caddy") == [.terminate("caddy")])
  }

  @Test(arguments: [Order.start, .stop, .restart])
  func `an unknown service, a script and a supervisor that stops are refused in a sentence`(order: Order) {
    var stage = xvfbAndGateway()
    #expect(
      stage.refusal(order, "sshd")
        == "cannot \(order) sshd: there is no such service; there are: xvfb, ibc-paper, x-scripts")
    #expect(
      stage.refusal(order, "x-scripts") == "cannot \(order) x-scripts: a script runs once, at its moment of the start")
    _ = stage.term()
    #expect(stage.refusal(order, "xvfb") == "cannot \(order) xvfb: the supervisor is stopping")
  }
}
