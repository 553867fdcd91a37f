import FoundationEssentials
import Lifecycle
import Tailnet

/// What tailscaled answers and says on its bus, and what a user wants it to serve.
extension Target {
  private static let tailnetWords = [
    "\n", "\"BackendState\":\"NeedsLogin\"", "\"BackendState\":\"Running\"", "\"BackendState\":\"NoState\"", "null",
    "{", "}", "[]",
    "\"AuthURL\":\"https://login.tailscale.com/a/1\"", "\"ErrMessage\":\"invalid key\"",
    "\"KeyExpiry\":\"2027-01-01T00:00:00Z\"",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "99999999-99-99T99:99:99Z", "\"HaveNodeKey\":true", "\"TUN\":true",
    "\"Health\":[\"x\"]",
    "\"Self\":{}", "\"Online\":true", "\"TailscaleIPs\":[\"100.64.0.1\"]", "${TS_CERT_DOMAIN}",
  ]

  private static func watched(_ pieces: [ArraySlice<UInt8>]) -> TailnetReport {
    var stream = LineStream()
    var watch = TailnetWatch()
    watch.begin()
    for piece in pieces {
      for line in stream.take(piece) {
        if let message = BusMessage(line) { watch.hear(message) }
        if let status = NodeStatus(line) { watch.take(status, at: 1_700_000_000_000) }
      }
    }
    return watch.report
  }

  /// Its answers become a report, and the report decisions.
  static let tailnet = Target(name: "tailnet", words: tailnetWords) { input, dice in
    let whole = input + [10]
    let report = watched([whole[...]])
    try expect(watched(dice.pieces(of: whole)) == report, "the report depends on the pieces")
    let again = try JSONDecoder().decode(TailnetReport.self, from: try JSONEncoder().encode(report))
    try expect(again == report, "a report that is written is another one")

    var now = Moment(uptime: 50_000_000, wall: 1_700_000_000_000)
    let policy = TailnetPolicy(isOurs: dice.chance(80), hasKey: dice.chance(50), stateFile: "/state")
    var lifecycle = Lifecycle(
      plans: [ServicePlan(name: Lifecycle.tailscaled, stopRank: 0)], tailnet: policy, stopTimeout: 10_000, seed: 1,
      at: now)
    _ = lifecycle.handle(.begin, at: now)
    _ = lifecycle.handle(.service(Lifecycle.tailscaled, .spawned(pid: 2)), at: now)
    var logins = 0
    for _ in 0..<20 {
      let passed = Int64(dice.below(30_000))
      now = Moment(uptime: now.uptime + passed, wall: now.wall + passed)
      var actions = lifecycle.handle(.tailnet(.observed(report)), at: now)
      actions += lifecycle.handle(.timePassed, at: now)
      logins += actions.count { $0 == .tailnet(.logInWithKey) || $0 == .tailnet(.logInByHand) }
      try expect((lifecycle.nextWake ?? .max) > now.uptime, "time has been handled, and is to be again")
    }
    // Ten minutes at the most, and the same words all the time.
    try expect(logins < 20, "it logs in \(logins) times")
    _ = lifecycle.report(version: "0", pid: 1, started: now, orphansReaped: 0, at: now)
  }

  static let serve = Target(name: "serve", words: tailnetWords + ["\"TCP\"", "\"443\"", "\"Proxy\"", "\"Foreground\""])
  { input, dice in
    let domains = dice.chance(50) ? [] : ["ib.tail1.ts.net"]
    do throws(ServeConfig.Refusal) {
      _ = try ServeConfig(String(decoding: input, as: UTF8.self), domains: domains)
    } catch {
      try expect(!error.why.isEmpty, "a refusal that tells nothing")
    }
  }
}
