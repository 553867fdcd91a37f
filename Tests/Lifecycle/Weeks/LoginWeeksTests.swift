import Glibc
import Testing
import Trading

@testable import Lifecycle

/// Simulated weeks in which logins fail in every way there is. One that fails is replayed by
/// `IBGW_WEEKS_SEED=<seed> swift test --filter LoginWeeksTests`.
@Suite struct LoginWeeksTests {
  @Test func `in no week are more logins tried than the budget lets, and no gateway that is logged in is ended`() {
    let replayed = getenv("IBGW_WEEKS_SEED").flatMap { UInt64(String(cString: $0)) }
    let first = replayed ?? UInt64.random(in: 0..<1_000_000_000)
    var seen: [String: Int] = [:]
    for seed in first..<(first + (replayed == nil ? 60 : 1)) {
      var weeks = LoginWeeks(seed: seed, isTraced: replayed != nil)
      weeks.pass(days: 28)
      if let trace = weeks.trace { print(trace.joined(separator: "\n")) }
      if let violation = weeks.violation {
        Issue.record("IBGW_WEEKS_SEED=\(seed): \(violation)")
        return
      }
      seen.merge(weeks.seen) { $0 + $1 }
    }
    guard replayed == nil else { return }
    // Every kind of week was lived through, and gateways did come up.
    for weather in LoginWeeks.Weather.allCases { #expect(seen["\(weather)", default: 0] > 0) }
    for what in ["login", "attempt", "resume", "daily restart", "container", "power cut", "clock jump", "corrupt file"]
    {
      #expect(seen[what, default: 0] > 20, "\(what)")
    }
  }

  @Test func `a seed lives through the same weeks each time`() {
    let lived = (0..<2).map { _ in
      var weeks = LoginWeeks(seed: 7)
      weeks.pass(days: 14)
      return weeks
    }
    #expect(lived[0].seen == lived[1].seen && lived[0].truth == lived[1].truth)
  }
}
