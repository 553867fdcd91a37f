import FoundationEssentials
import Testing
import Trading

@testable import Lifecycle

/// The supervisor writes its lifecycle to a file at every transition and goes on from it when it has crashed.
@Suite struct PersistenceTests {
  private func reread(_ lifecycle: Lifecycle) throws -> Lifecycle {
    try JSONDecoder().decode(Lifecycle.self, from: try JSONEncoder().encode(lifecycle))
  }

  /// A stage in mid-flight: one service of nearly every state.
  private func midFlight() throws -> Stage {
    var stage = Stage([
      .daemon("relay"), .daemon("caddy", limit: 0), .daemon("xvfb", readiness: .whenReported(within: 60_000), rank: 5),
      .daemon("x11vnc", after: [.ready("xvfb")]), .daemon("tailscaled"), .daemon("probe"), .task("scripts"),
      .gateway(.live), .gateway(.paper, after: [.settled(live, within: 15_000)]),
    ])
    _ = stage.begin() + stage.spawned("relay") + stage.spawned("caddy") + stage.spawned("xvfb")
    _ = stage.spawned("tailscaled") + stage.spawned("probe") + stage.spawned(live) + stage.spawned("scripts")
    _ = stage.wait(2000)
    _ = stage.say("caddy", .ended(.code(1))) + stage.say("tailscaled", .ended(.signal(9)))
    _ = try stage.order(.stop, "probe")
    _ = stage.say(live, .javaStarting) + stage.say(live, .leaderEnded(.code(1)))
    return stage
  }

  @Test func `a lifecycle that was written and read again goes on identically`() throws {
    var original = try midFlight()
    let states = Set(original.lifecycle.records.map(\.state))
    #expect(states == [.running, .degraded, .starting, .waiting, .backingOff, .stopping])
    var read = original
    read.lifecycle = try reread(original.lifecycle)
    var carriedOut = 0
    for step in 0..<6 {
      func go(_ stage: inout Stage) throws -> [Action] {
        switch step {
        case 0: stage.wait(700_000)
        case 1: stage.say("relay", .ended(.code(3))) + stage.wait(100_000)
        case 2: stage.say(live, .ended(.code(87)))
        case 3: try stage.order(.start, "probe")
        case 4: stage.term() + stage.wait(5000)
        default: stage.term() + stage.wait(500_000)
        }
      }
      let expected = try go(&original)
      carriedOut += expected.count
      #expect(try go(&read) == expected)
      #expect(read.lifecycle.records == original.lifecycle.records)
      #expect(read.lifecycle.phase == original.lifecycle.phase)
      #expect(read.lines == original.lines)
    }
    #expect(carriedOut > 12)
  }

  @Test func `the plans and the phase survive as well`() throws {
    var stage = try midFlight()
    _ = stage.term() + stage.term()
    let read = try reread(stage.lifecycle)
    #expect(read.plans == stage.lifecycle.plans)
    #expect(read.phase == stage.lifecycle.phase)
    #expect(read.nextWake == stage.lifecycle.nextWake)
    #expect(read.record(live) == stage.lifecycle.record(live))
  }

  @Test func `a service's name is written as its text`() throws {
    let bytes = try JSONEncoder().encode([ServiceName("ibc-live")])
    #expect(String(decoding: bytes, as: UTF8.self) == #"["ibc-live"]"#)
    #expect(try JSONDecoder().decode([ServiceName].self, from: bytes) == [live])
  }
}
