import Testing
import Trading

@testable import Lifecycle

/// The budget alone, and what of it outlives the container.
@Suite struct LoginBudgetTests {
  private let minute: Int64 = 60_000
  private let limits = LoginLimits(perHour: 3, perDay: 5)
  private let backOff = GatewayPolicy().loginBackOff

  private func budget(chargedAt minutes: [Int64]) -> LoginBudget {
    var budget = LoginBudget()
    var random = SeededGenerator(seed: 1)
    for time in minutes { budget.charge("it failed", at: time * minute, backOff: backOff, random: &random) }
    return budget
  }

  @Test(
    arguments: [
      ([], 0, nil), ([0, 10], 11, nil), ([0, 10, 20], 21, 60), ([0, 10, 20], 59, 60), ([0, 10, 20], 60, nil),
      ([0, 10, 20, 60], 61, 70), ([0, 10, 20, 60, 70], 71, 1440), ([0, 10, 20, 60, 70], 1440, nil),
      ([0, 10, 20, 60, 70, 1440], 1441, 1450), ([0, 0, 0, 0], 1, 60),
    ] as [([Int64], Int64, Int64?)])
  func `what is spent comes back when the oldest of it leaves its window`(
    charges: [Int64], now: Int64, reopens: Int64?
  ) {
    #expect(budget(chargedAt: charges).reopens(limits, at: now * minute) == reopens.map { $0 * minute })
  }

  @Test
  func `the wait doubles from 30 s to 10 min, stretched by a fifth at most, until a session has lasted for 10 min`() {
    var budget = LoginBudget()
    var random = SeededGenerator(seed: 7)
    for exact in [30, 60, 120, 240, 480, 600, 600] as [Int64] {
      budget.charge("it failed", at: 0, backOff: backOff, random: &random)
      #expect(budget.lastDelay >= exact * 1000 && budget.lastDelay <= min(600_000, exact * 1200))
      #expect(budget.notBefore == budget.lastDelay)
    }
    budget.complete(at: 0)
    budget.charge("it crashed", as: .crashed, at: minute, backOff: backOff, random: &random)
    #expect(budget.lastDelay == 600_000)
    budget.complete(at: 20 * minute)
    budget.endSession(at: 30 * minute - 1)
    #expect(budget.failures == 8)
    budget.complete(at: 40 * minute)
    budget.endSession(at: 50 * minute)
    budget.charge("it was lost", as: .lost, at: 50 * minute, backOff: backOff, random: &random)
    #expect(budget.lastDelay <= 36_000)
  }

  @Test func `the wait is never shorter than what IBKR asks for`() {
    var budget = LoginBudget()
    var random = SeededGenerator(seed: 1)
    budget.charge("too many", at: 0, backOff: backOff, leastWait: 287_000, random: &random)
    #expect(budget.notBefore == 287_000)
  }

  @Test func `a person's word forgets our own wait, and not the one that IBKR asks for`() {
    var budget = LoginBudget()
    var random = SeededGenerator(seed: 1)
    budget.charge("it failed", at: 0, backOff: backOff, random: &random)
    budget.grant(at: 1)
    #expect(budget.notBefore == nil)
    budget.charge("too many", at: 0, backOff: backOff, leastWait: 287_000, random: &random)
    budget.grant(at: 1)
    #expect(budget.notBefore == 287_000)
    #expect(LoginRecord(budget, boot: "a", at: moment(0)).budget(boot: "a", at: moment(1))?.askedUntil == 287_000)
    budget.grant(at: 287_000)
    #expect(budget.notBefore == nil)
  }

  @Test(
    arguments: [
      ([.crashed, .crashed, .crashed], "the gateway crashed soon after login 3 times within an hour"),
      ([.failed, .failed, .failed], "3 logins failed within an hour"),
      ([.failed, .crashed, .lost], "3 logins were for nothing within an hour"),
      (
        [.crashed, .crashed, .crashed, .crashed, .crashed], "the gateway crashed soon after login 5 times within a day"
      ),
      (
        [.unknown, .unknown, .unknown],
        "the record of earlier logins could not be read, so that they may have spent all"
      ),
    ] as [([LoginBudget.ChargeKind], String)])
  func `what has spent the budget is said in words`(kinds: [LoginBudget.ChargeKind], words: String) {
    var budget = LoginBudget()
    budget.charges = kinds.map { .init(at: 0, why: "", kind: $0) }
    #expect(budget.spentWords(limits, at: minute) == words)
  }

  @Test func `a completed login forgives nothing that was charged`() {
    var budget = budget(chargedAt: [0, 1, 2])
    budget.complete(at: 2 * minute)
    #expect(budget.reopens(limits, at: 3 * minute) != nil)
  }

  // MARK: On the disk

  private func moment(_ minutes: Int64, clockOffBy off: Int64 = 0) -> Moment {
    Moment(uptime: minutes * minute, wall: 1_700_000_000_000 + (minutes + off) * minute)
  }

  /// Written at minute 20 with failures at 0, 10 and 20; read `minutes` later.
  private func reread(after minutes: Int64, boot: String = "a", clockOffBy off: Int64 = 0) -> LoginBudget? {
    let record = LoginRecord(budget(chargedAt: [0, 10, 20]), boot: "a", at: moment(20))
    return record.budget(boot: boot, at: moment(20 + minutes, clockOffBy: off))
  }

  private static let year: Int64 = 525_600

  @Test(arguments: [-10 * year, -60, 0, 60, 10 * year])
  func `in the same boot a clock that has jumped by minutes or years changes nothing`(jump: Int64) throws {
    let budget = try #require(reread(after: 15, clockOffBy: jump))
    #expect(budget.charges.map(\.at) == [0, 10 * minute, 20 * minute])
    #expect(budget.reopens(limits, at: 35 * minute) == 60 * minute)
    #expect(try #require(reread(after: 39, clockOffBy: jump)).reopens(limits, at: 59 * minute) == 60 * minute)
    #expect(try #require(reread(after: 41, clockOffBy: jump)).reopens(limits, at: 61 * minute) == nil)
  }

  @Test(arguments: [-10 * year, -60, -21])
  func `after another boot with a clock that is behind what was spent counts as just spent, and no longer`(jump: Int64)
    throws
  {
    let now = 35 * minute
    let budget = try #require(reread(after: 15, boot: "b", clockOffBy: jump))
    #expect(budget.reopens(limits, at: now) == now + 40 * minute)
    #expect(budget.reopens(limits, at: now + 40 * minute) == nil)
  }

  @Test func `after another boot with a clock that is right what was spent comes back at its time`() throws {
    let budget = try #require(reread(after: 15, boot: "b"))
    #expect(budget.reopens(limits, at: 35 * minute) == 60 * minute)
  }

  @Test func `after another boot with a clock far ahead one budget is free, and the next is counted from then on`()
    throws
  {
    var budget = try #require(reread(after: 15, boot: "b", clockOffBy: 10 * Self.year))
    #expect(budget.charges == [])
    var random = SeededGenerator(seed: 1)
    for _ in 0..<3 { budget.charge("it failed", at: 36 * minute, backOff: backOff, random: &random) }
    let record = LoginRecord(budget, boot: "b", at: moment(36, clockOffBy: 10 * Self.year))
    let again = try #require(record.budget(boot: "b", at: moment(37)))
    #expect(again.reopens(limits, at: 37 * minute) == 96 * minute)
  }

  @Test func `a login that was under way when the container ended is charged, and the next one waits`() throws {
    var budget = LoginBudget()
    budget.begin(at: 0)
    let record = LoginRecord(budget, boot: "a", at: moment(0))
    let now = Moment(uptime: 2000, wall: 5)
    let again = try #require(record.budget(boot: "a", at: now))
    #expect(again.charges.map(\.why) == ["the container ended while the login was under way"])
    #expect(again.notBefore == 30_000)
    #expect(again.attemptSince == nil)
  }

  @Test func `a wait longer than an hour is not believed`() throws {
    var budget = LoginBudget()
    budget.notBefore = 1000 * minute
    let record = LoginRecord(budget, boot: "a", at: moment(0))
    #expect(record.budget(boot: "a", at: moment(1))?.notBefore == 60 * minute)
    #expect(record.budget(boot: "a", at: moment(61))?.notBefore == nil)
  }

  @Test func `a hold lasts through a restart`() {
    var budget = LoginBudget()
    budget.hold = "a duel"
    #expect(LoginRecord(budget, boot: "a", at: moment(0)).budget(boot: "b", at: moment(0))?.hold == "a duel")
  }

  @Test func `a record of another form, or with times of no clock, is none`() {
    var record = LoginRecord(budget(chargedAt: [0]), boot: "a", at: moment(0))
    record.format = 2
    #expect(record.budget(boot: "a", at: moment(0)) == nil)
    for broken in [Int64.min, .max] {
      var record = LoginRecord(budget(chargedAt: [0]), boot: "a", at: moment(0))
      record.charges[0].at = broken
      #expect(record.budget(boot: "a", at: moment(0)) == nil)
      record.charges[0].at = 0
      record.written.wall = broken
      #expect(record.budget(boot: "b", at: moment(0)) == nil)
    }
  }
}

/// Which sessions that were left behind a start takes up.
@Suite struct SessionFilesTests {
  private let hour: Int64 = 3_600_000
  /// Wednesday 2023-11-15 00:00 UTC.
  private let wednesday: Int64 = 1_700_006_400_000

  private func file(_ modified: Int64, _ name: String = "a") -> SessionFile {
    SessionFile(path: "/settings/\(name)/autorestart", modified: modified)
  }

  @Test func `one file that the last stop left, or that is younger, is taken up`() {
    #expect(SessionFiles.stale([], stoppedAt: wednesday, now: wednesday) == nil)
    #expect(SessionFiles.stale([file(wednesday)], stoppedAt: nil, now: wednesday + hour) == nil)
    #expect(SessionFiles.stale([file(wednesday + 60_000)], stoppedAt: wednesday, now: wednesday + hour) == nil)
  }

  @Test func `a file older than the last stop, of last week, or one of several is not`() throws {
    let old = try #require(SessionFiles.stale([file(wednesday)], stoppedAt: wednesday + 1, now: wednesday + hour))
    #expect(old.why == "it is older than the last stop")
    let lastWeek = try #require(SessionFiles.stale([file(wednesday)], stoppedAt: nil, now: wednesday + 120 * hour))
    #expect(lastWeek.why.contains("Sunday"))
    let several = try #require(
      SessionFiles.stale([file(wednesday), file(wednesday, "b")], stoppedAt: nil, now: wednesday))
    #expect(several.files.count == 2)
  }

  @Test func `a stop in a time to come, by a clock that has jumped, makes no file stale`() {
    #expect(SessionFiles.stale([file(wednesday)], stoppedAt: wednesday + 9 * hour, now: wednesday + hour) == nil)
  }

  @Test func `a stop has kept the session when it has left one file`() {
    #expect(SessionFiles.isKept([file(wednesday)], since: wednesday))
    #expect(!SessionFiles.isKept([file(wednesday - hour)], since: wednesday))
    #expect(!SessionFiles.isKept([], since: wednesday))
    #expect(!SessionFiles.isKept([file(wednesday), file(wednesday, "b")], since: wednesday))
  }
}
