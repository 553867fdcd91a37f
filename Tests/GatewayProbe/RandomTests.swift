import Lifecycle
import Testing

@testable import GatewayProbe

/// Random sequences of faults, restarts and requests. Each seed is a sequence of its own; a failure names it.
@Suite struct RandomTests {
  @Test(arguments: UInt64(1)...60)
  func `nothing is green while no client can connect, nor red while one can`(seed: UInt64) {
    var random = Generator(state: seed)
    var world = World.serving()
    let truth = Truth(seed: seed)
    world.inspect = {
      Self.check($0, seed)
      truth.compare($0)
    }
    for _ in 0..<40 {
      Self.disturb(&world, &random)
      world.pass(.milliseconds(Int.random(in: 0...90_000, using: &random)))
    }
    world.handle(.resumed)
    Self.heal(&world)
    let healed = world.pass(until: { $0.observation == .serving && $0.failures == 0 }, limit: .seconds(10))
    #expect(healed != nil, "seed \(seed)")
  }

  /// What is really so, and since when; compared with what the watch says.
  private final class Truth {
    private let seed: UInt64
    private var gateway: [UInt64] = []
    private var since = Duration.zero
    private var failedSince: Duration?

    init(seed: UInt64) { self.seed = seed }

    func compare(_ world: World) {
      let serves = world.gateway.servesNewClients
      let truth = [serves ? 1 : 0, world.gateway.isLinked ? 1 : 0, world.gateway.inode]
      guard let report = world.watch.lastReport, !world.watch.isSuspended, truth == gateway else {
        (gateway, since, failedSince) = (truth, world.now, nil)
        return
      }
      let lasted = world.now - since
      let isGreen = report.failures == 0 && (report.observation == .serving || report.observation == .linkLost)
      // A check begins within a minute and fails within its five seconds; a gateway that is well is seen so within ten.
      if isGreen && !serves && lasted > .seconds(65) { Issue.record("seed \(seed): green for \(lasted)") }
      if !isGreen && serves && lasted > .seconds(10) { Issue.record("seed \(seed): red for \(lasted): \(report.why)") }
      if isGreen && lasted > .seconds(65) && (report.observation == .serving) != world.gateway.isLinked {
        Issue.record("seed \(seed): \(report.observation) for \(lasted)")
      }
      // Ten seconds after the first failure it is either well again or established.
      failedSince = report.failures == 0 ? nil : failedSince ?? world.now
      if let failedSince, world.now - failedSince > .seconds(10), report.failures < 3 {
        Issue.record("seed \(seed): only suspected since \(world.now - failedSince)")
      }
    }
  }

  /// What holds at every moment.
  private static func check(_ world: World, _ seed: UInt64) {
    let watch = world.watch
    var checking = 0, kept = 0, lingering = 0
    for connection in watch.connections.values {
      switch connection.role {
      case .checking: checking += 1
      case .kept: kept += 1
      case .lingering: lingering += 1
      case .closing: break
      }
    }
    let isRight =
      checking == (watch.check == nil ? 0 : 1) && kept == (watch.kept == nil ? 0 : 1)
      && lingering <= GatewayWatch.mostLingering && !(watch.isSuspended && checking + kept > 0)
    if !isRight {
      Issue.record("seed \(seed): \(checking) checks, \(kept) kept and \(lingering) lingering connections")
    }
  }

  private static func disturb(_ world: inout World, _ random: inout Generator) {
    switch Int.random(in: 0..<16, using: &random) {
    case 0: world.change { $0.isFrozen.toggle() }
    case 1: world.change { $0.accepts.toggle() }
    case 2: world.change { $0.reads.toggle() }
    case 3: world.change { $0.isMute.toggle() }
    case 4: world.change { $0.isStuck.toggle() }
    case 5: world.change { $0.closesNew.toggle() }
    case 6: world.change { $0.hangsNew.toggle() }
    case 7: world.change { $0.accounts = $0.accounts.isEmpty ? ["DU1234567"] : [] }
    case 8: world.change { $0.listens.toggle() }
    case 9: world.change { $0.restart() }
    case 10: world.link(!world.gateway.isLinked)
    case 11: world.handle(world.watch.isSuspended ? .resumed : .suspended)
    case 12: world.handle(.checkRequested)
    case 13: world.handle(.trafficSeen)
    case 14: world.change { $0.takenIDs = $0.takenIDs.isEmpty ? [999, 1001] : [] }
    default: heal(&world)
    }
  }

  private static func heal(_ world: inout World) {
    world.change {
      $0.isFrozen = false
      $0.accepts = true
      $0.reads = true
      $0.isMute = false
      $0.isStuck = false
      $0.closesNew = false
      $0.hangsNew = false
      $0.accounts = ["DU1234567"]
      $0.listens = true
    }
    world.link(true)
  }

  /// SplitMix64.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }
}
