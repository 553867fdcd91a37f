import Testing
import Trading

@testable import Lifecycle

@Suite struct TailnetTests {
  private static let loginURL = "https://login.tailscale.com/a/1234"

  /// A supervisor of a gateway, a relay and tailscaled, all started.
  private func stage(
    hasKey: Bool = true, isOurs: Bool = true, isEphemeral: Bool = false
  ) -> Stage {
    var tailscaled = ServicePlan.daemon("tailscaled", readiness: .whenReported(within: 60_000), rank: 4)
    tailscaled.stopSteps =
      [StopStep(.drain, 300)] + (isEphemeral ? [StopStep(.logOut, 5000)] : []) + [
        StopStep(.terminate, 6000), StopStep(.kill, 1000),
      ]
    var stage = Stage(
      [.daemon("relay"), .gateway(.paper)] + (isOurs ? [tailscaled] : []),
      tailnet: TailnetPolicy(isOurs: isOurs, hasKey: hasKey, stateFile: "/var/lib/tailscale/tailscaled.state"))
    stage.everythingUp()
    return stage
  }

  private func report(
    _ backend: String, hasKey: Bool = false, _ change: (inout TailnetReport) -> Void = { _ in }
  ) -> TailnetReport {
    var report = TailnetReport()
    report.isReachable = true
    report.session = 1
    report.backend = backend
    report.hasNodeKey = hasKey
    if backend == "Running" {
      report.hasNodeKey = true
      report.isOnline = true
      report.name = "ib.tail1234.ts.net"
      report.addresses = ["100.64.0.1"]
    }
    change(&report)
    return report
  }

  // MARK: Login

  @Test func `a node without a key of its own is logged in at once, and only once`() {
    var stage = stage()
    #expect(stage.see(report("NeedsLogin")) == [.tailnet(.logInWithKey)])
    #expect(stage.tailnet == .loggingIn)
    #expect(stage.see(report("NeedsLogin") { $0.health = ["Tailscale is stopped."] }) == [])
    #expect(stage.see(report("Starting", hasKey: true)) == [])
    #expect(stage.see(report("Running")) == [])
    #expect(stage.tailnet == .running)
    #expect(stage.told.isEmpty)
  }

  @Test func `a node that has a key of its own is not given another one, and gets its preferences once`() {
    var stage = stage()
    #expect(stage.see(report("NoState", hasKey: true)) == [.tailnet(.configure)])
    #expect(stage.see(report("Running")) == [])
    #expect(stage.wait(3_600_000) == [])
    #expect(stage.tailnet == .running)
  }

  @Test func `a node key that is on its way up is let be, and one that has run and expired is replaced at once`() {
    var stage = stage()
    #expect(stage.see(report("NeedsLogin", hasKey: true)) == [])
    #expect(stage.see(report("Running")) == [.tailnet(.configure)])
    #expect(stage.see(report("NeedsLogin", hasKey: true)) == [.tailnet(.logInWithKey)])
    #expect(stage.see(report("Running")) == [])
  }

  @Test func `a node whose key has expired while it was off is logged in after a moment`() {
    var stage = stage()
    #expect(stage.see(report("NeedsLogin", hasKey: true)) == [])
    #expect(stage.wait(TailnetRecord.grace - 1) == [])
    #expect(stage.wait(1) == [.tailnet(.logInWithKey)])
  }

  @Test func `a refused key is said with the server's words, told once, and tried again slowly`() {
    var stage = stage()
    _ = stage.see(report("NeedsLogin"))
    let refused = report("NeedsLogin") { $0.failure = "invalid key: API key does not exist" }
    #expect(stage.see(refused) == [])
    #expect(stage.tailnet == .keyRefused)
    #expect(
      stage.lines.last?.hasPrefix("error tailscaled: the login is refused: invalid key: API key does not") == true)
    #expect(stage.told.map(\.kind) == [.tailnetKeyRefused])
    #expect(stage.wait(TailnetRecord.firstRetry - 1) == [])
    #expect(stage.wait(1) == [.tailnet(.logInWithKey)])
    #expect(stage.see(report("NeedsLogin")) == [])
    #expect(stage.see(refused) == [])
    #expect(stage.tailnet == .keyRefused)
    #expect(stage.told.map(\.kind) == [.tailnetKeyRefused])
    #expect(stage.wait(2 * TailnetRecord.firstRetry - 1) == [])
    #expect(stage.wait(1) == [.tailnet(.logInWithKey)])
  }

  @Test(arguments: [true, false])
  func `a key that has changed is tried at once`(byFile: Bool) {
    var stage = stage()
    _ = stage.see(report("NeedsLogin") { $0.keyStamp = "1" })
    _ = stage.see(
      report("NeedsLogin") {
        $0.failure = "invalid key"
        $0.keyStamp = "1"
      })
    #expect(stage.wait(60_000) == [])
    let news: TailnetEvent =
      byFile
      ? .observed(
        report("NeedsLogin") {
          $0.failure = "invalid key"
          $0.keyStamp = "2"
        }) : .keyRead(hasKey: true)
    #expect(stage.handle(.tailnet(news)) == [.tailnet(.logInWithKey)])
    #expect(stage.see(report("Running")) == [])
    #expect(stage.tailnet == .running)
    #expect(stage.told.map(\.kind) == [.tailnetKeyRefused, .backToNormal])
  }

  @Test func `a key that changes while the first one waits for the control server takes its place`() {
    var stage = stage()
    _ = stage.see(report("NeedsLogin"))
    #expect(stage.handle(.tailnet(.keyRead(hasKey: true))) == [])
    #expect(stage.wait(TailnetRecord.spacing) == [.tailnet(.logInWithKey)])
  }

  @Test func `a control server that does not answer costs nothing but its state`() {
    var stage = stage()
    _ = stage.see(report("NeedsLogin"))
    #expect(stage.wait(TailnetRecord.pendingPatience - 1) == [])
    #expect(stage.tailnet == .loggingIn)
    #expect(stage.told.map(\.kind) == [.tailnetDown])
    #expect(stage.wait(1) == [.tailnet(.logInWithKey)])
    _ = stage.see(report("Running"))
    #expect(stage.told.map(\.kind).last == .backToNormal)
  }

  @Test func `without a key a person is shown an address, once`() {
    var stage = stage(hasKey: false)
    #expect(stage.see(report("NeedsLogin")) == [.tailnet(.logInByHand)])
    let asked = report("NeedsLogin") { $0.loginURL = Self.loginURL }
    #expect(stage.see(asked) == [])
    #expect(stage.tailnet == .waitingForLogin)
    #expect(stage.report().tailnet?.loginURL == Self.loginURL)
    #expect(stage.told.map(\.kind) == [.tailnetLoginWanted] && stage.told[0].message.contains(Self.loginURL))
    #expect((stage.lines + stage.stateLines).filter { $0.contains(Self.loginURL) }.count == 1)
    #expect(stage.see(asked) == [])
    #expect((stage.lines + stage.stateLines).filter { $0.contains(Self.loginURL) }.count == 1)
    #expect(stage.handle(.tailnet(.keyRead(hasKey: true))) == [])
    #expect(stage.wait(TailnetRecord.spacing) == [.tailnet(.logInWithKey)])
  }

  @Test func `a tailscaled that was started again is asked anew`() {
    var stage = stage(hasKey: false)
    _ = stage.see(report("NeedsLogin"))
    #expect(stage.see(report("NeedsLogin") { $0.session = 2 }) == [.tailnet(.logInByHand)])
  }

  @Test func `an order that did not arrive is given again`() {
    var stage = stage()
    _ = stage.see(report("NeedsLogin"))
    #expect(stage.handle(.tailnet(.loginUndelivered(why: "the probe is gone"))) == [])
    #expect(stage.wait(TailnetRecord.undeliveredRetry) == [.tailnet(.logInWithKey)])
  }

  @Test func `a refusal of the command counts as one of the control server`() {
    var stage = stage()
    _ = stage.see(report("NeedsLogin"))
    _ = stage.handle(.tailnet(.loginEnded(why: "oauth2: invalid_client")))
    #expect(stage.tailnet == .keyRefused)
    #expect(stage.lifecycle.tailnet?.why.contains("oauth2: invalid_client") == true)
  }

  @Test func `a sidecar is looked at and told nothing`() {
    var stage = stage(isOurs: false)
    #expect(stage.see(report("NeedsLogin")) == [])
    #expect(stage.tailnet == .waitingForLogin)
    #expect(stage.see(report("Running")) == [])
    #expect(stage.tailnet == .running && stage.report().tailnet?.mode == "sidecar")
    #expect(stage.see(report("NeedsLogin", hasKey: true)) == [] && stage.wait(3_600_000) == [])
  }

  // MARK: States

  @Test(
    arguments: [
      ("Starting", TailnetState.starting), ("NoState", .starting), ("Stopped", .down), ("Running", .running),
      ("NeedsMachineAuth", .waitingForApproval), ("InUseOtherUser", .starting),
    ])
  func `each of tailscaled's states is one of ours`(backend: String, state: TailnetState) {
    var stage = stage()
    _ = stage.see(report(backend))
    #expect(stage.tailnet == state)
  }

  @Test func `running needs an address and the control server`() {
    var stage = stage()
    _ = stage.see(
      report("Running") {
        $0.addresses = []
        $0.isOnline = false
      })
    #expect(stage.tailnet == .starting)
    _ = stage.see(report("Running") { $0.isOnline = false })
    #expect(stage.tailnet == .starting)
    _ = stage.see(report("Running"))
    _ = stage.see(report("Running") { $0.isOnline = false })
    #expect(stage.tailnet == .offline)
    #expect(stage.lifecycle.health(.ready).causes.contains { $0.about == "tailnet" && $0.state == "offline" })
    #expect(stage.lifecycle.health(.ready, mode: .paper).causes.allSatisfy { $0.about != "tailnet" })
    #expect(stage.lifecycle.health(.live).ok)
    #expect(stage.wait(299_999) == [] && stage.told.isEmpty)
    _ = stage.wait(1)
    #expect(stage.told.map(\.kind) == [.tailnetDown])
    _ = stage.see(report("Running"))
    #expect(stage.tailnet == .running && stage.told.map(\.kind) == [.tailnetDown, .backToNormal])
  }

  @Test func `a state that cannot be read is said with the fix`() {
    var stage = stage()
    _ = stage.see(report("NoState") { $0.health = ["State store failed to initialize."] })
    #expect(stage.tailnet == .broken)
    #expect(stage.lifecycle.tailnet?.why.contains("remove /var/lib/tailscale/tailscaled.state") == true)
  }

  @Test func `a tailscaled that has ended is unreachable, comes back, and the gateway is not touched`() {
    var stage = stage()
    _ = stage.see(report("Running"))
    let gateway = stage.lifecycle.record(paper)
    #expect(stage.say("tailscaled", .ended(.signal(9))) == [])
    #expect(stage.tailnet == .unreachable)
    var lost = TailnetReport()
    lost.session = 1
    _ = stage.see(lost)
    #expect(stage.wait(1500) == [.spawn("tailscaled")])
    _ = stage.spawned("tailscaled")
    #expect(stage.see(report("NoState", hasKey: true) { $0.session = 2 }) == [.tailnet(.configure)])
    #expect(stage.state("tailscaled") == .running)
    #expect(stage.see(report("Running") { $0.session = 2 }) == [])
    #expect(stage.tailnet == .running && stage.lifecycle.record(paper) == gateway)
  }

  @Test func `a key that expires is announced a week and a day before`() {
    var stage = stage()
    let day: Int64 = 86_400_000
    let expiry = Stage.start.wall + 30 * day
    _ = stage.see(report("Running") { $0.keyExpiry = expiry })
    _ = stage.wait(23 * day - 1)
    #expect(stage.told.isEmpty)
    _ = stage.wait(2)
    #expect(stage.told.map(\.kind) == [.tailnetKeyExpiring])
    _ = stage.wait(6 * day)
    #expect(stage.told.map(\.kind) == [.tailnetKeyExpiring, .tailnetKeyExpiring])
    _ = stage.see(report("Running") { $0.keyExpiry = expiry + 180 * day })
    _ = stage.wait(day)
    #expect(stage.told.count == 2)
  }

  // MARK: Stop

  @Test func `tailscaled is told to end 300 ms after the relay has`() {
    var stage = stage()
    _ = stage.see(report("Running"))
    _ = stage.say(paper, .ended(.code(0)))
    #expect(stage.term() == [.terminate("relay")])
    #expect(stage.say("relay", .ended(.code(0))) == [])
    #expect(stage.wait(299) == [])
    #expect(stage.wait(1) == [.terminate("tailscaled")])
    #expect(stage.wait(6000) == [.kill("tailscaled")])
    #expect(stage.say("tailscaled", .ended(.signal(9))) == [.exit(0)])
  }

  @Test(arguments: [true, false])
  func `an ephemeral node is logged out before it ends, for 5 s at the most`(answers: Bool) {
    var stage = stage(isEphemeral: true)
    _ = stage.see(report("Running"))
    _ = stage.say(paper, .ended(.code(0)))
    _ = stage.term()
    _ = stage.say("relay", .ended(.code(0)))
    #expect(stage.wait(300) == [.tailnet(.logOut)])
    if answers {
      #expect(stage.handle(.tailnet(.loggedOut)) == [.terminate("tailscaled")])
    } else {
      #expect(stage.wait(5000) == [.terminate("tailscaled")])
      #expect(stage.lines.last == "warning tailscaled: was not logged out in time: told by TERM")
    }
    #expect(stage.see(report("NeedsLogin")) == [])
    #expect(stage.say("tailscaled", .ended(.code(0))) == [.exit(0)])
  }

  @Test func `a second TERM neither drains nor logs out`() {
    var stage = stage(isEphemeral: true)
    _ = stage.see(report("Running"))
    _ = stage.say(paper, .ended(.code(0)))
    _ = stage.term()
    _ = stage.say("relay", .ended(.code(0)))
    #expect(stage.term() == [.terminate("tailscaled")])
  }

  // MARK: Whatever comes

  @Test(arguments: 0..<40)
  func `whatever tailscaled says, logins are spaced, the stop has none and the gateway is let be`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    func chance(_ percent: Int64) -> Bool { random.below(100) < percent }
    var stage = stage(hasKey: seed % 2 == 0)
    let gateway = stage.lifecycle.record(paper)
    let backends = ["NoState", "NeedsLogin", "NeedsLogin", "NeedsMachineAuth", "Stopped", "Starting", "Running"]
    var logins: Int64 = 0
    var session = 1
    for _ in 0..<400 {
      var actions = stage.wait(random.below(chance(10) ? 4_000_000 : 3000))
      if chance(3) { session += 1 }
      let event: TailnetEvent =
        switch random.below(12) {
        case 0: .keyRead(hasKey: chance(70))
        case 1: .loginEnded(why: chance(50) ? nil : "no")
        case 2: .loginUndelivered(why: "gone")
        case 3: .loggedOut
        default:
          .observed(
            report(backends[Int(random.below(Int64(backends.count)))], hasKey: chance(50)) {
              $0.isReachable = chance(90)
              $0.session = session
              $0.failure = chance(30) ? "no" : nil
              $0.loginURL = chance(30) ? Self.loginURL : nil
              $0.keyExpiry = chance(20) ? stage.now.wall + random.below(10_000_000_000) : nil
            })
        }
      actions += stage.handle(.tailnet(event))
      for action in actions {
        if case .tailnet(let order) = action {
          logins += order == .logInWithKey ? 1 : 0
        } else {
          Issue.record("\(action) came of the tailnet")
        }
      }
      #expect(logins <= (stage.now.uptime - Stage.start.uptime) / TailnetRecord.spacing + 1)
    }
    #expect(stage.lifecycle.record(paper) == gateway)
    _ = stage.term()
    for backend in backends {
      let actions = stage.see(report(backend) { $0.session = session + 1 })
      #expect(!actions.contains { if case .tailnet = $0 { true } else { false } })
    }
  }
}

extension Stage {
  /// What is done about a report of the tailnet.
  fileprivate mutating func see(_ report: TailnetReport) -> [Action] { handle(.tailnet(.observed(report))) }

  /// The alerts that are about no gateway.
  fileprivate var told: [Alert] { alerts.filter { $0.mode == nil } }

  fileprivate var tailnet: TailnetState? { lifecycle.tailnet?.state }
}
