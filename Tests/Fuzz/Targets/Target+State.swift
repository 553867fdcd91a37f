import FoundationEssentials
import Lifecycle
import LocalHTTP
import RelayService
import Simulator
import Supervisor

/// JSON of other processes and of earlier runs, and words of the simulator's control socket.
extension Target {
  private static let jsonWords =
    [
      "{", "}", "[", "]", ":", ",", "null", "true", "\"", "\\u0000", "\\ud800", "1e400", "-0", "\"mode\"", "\"live\"",
      "\"paper\"",
      "\"observation\"", "\"failures\"", "\"charges\"", "\"at\"", "\"written\"", "\"wall\"", "\"uptime\"",
      "\"notBefore\"", "\"hold\"",
      "\"attemptSince\"", "\"stoppedAt\"", "\"hasSession\"", "\"gateways\"", "\"services\"", "\"why\"",
      "[[[[[[[[[[[[[[[[",
    ] + APIObservation.allCases.map { "\"\($0.rawValue)\"" }

  private static let begin = Moment(uptime: 50_000_000, wall: 1_700_000_000_000)

  private static func lifecycle(_ budget: LoginBudget?) -> Lifecycle {
    Lifecycle(
      plans: [
        ServicePlan(name: "relay", stopRank: 0), ServicePlan(name: "probe", stopRank: 1),
        ServicePlan(name: .gateway(.live), kind: .gateway(.live), stopRank: 0),
      ], budgets: budget.map { [.live: $0] } ?? [:], stopTimeout: 100_000, seed: 1, at: begin)
  }

  private static func written(_ value: some Encodable) throws -> Data { try JSONEncoder().encode(value) }

  /// What an earlier run has written about its logins, whatever has become of the file.
  static let logins = Target(name: "logins", words: jsonWords) { input, dice in
    guard let record = try? JSONDecoder().decode(LoginRecord.self, from: Data(input)) else { return }
    let now = Moment(
      uptime: dice.pick([0, 1000, begin.uptime]), wall: dice.pick([0, begin.wall, 4_000_000_000_000, -1_000_000]))
    let boot = dice.chance(50) ? record.boot : "another"
    guard let budget = record.budget(boot: boot, at: now) else { return }
    for charge in budget.charges {
      try expect(
        charge.at <= now.uptime && charge.at > now.uptime - 86_400_000, "a charge at \(charge.at - now.uptime) ms")
    }
    try expect((budget.notBefore ?? 0) <= now.uptime + 3_600_000, "it waits for more than an hour")
    let reopens = budget.reopens(LoginLimits(), at: now.uptime) ?? 0
    try expect(reopens <= now.uptime + 86_400_000, "it holds for more than a day")
    let again = LoginRecord(budget, boot: "another", at: now).budget(boot: "another", at: now)
    try expect(again?.charges.map(\.at) == budget.charges.map(\.at), "a budget that is written has other charges")

    var lifecycle = lifecycle(budget)
    _ = lifecycle.handle(.begin, at: now)
    _ = lifecycle.handle(.service(.gateway(.live), .spawned(pid: 7)), at: now)
    _ = lifecycle.handle(.timePassed, at: Moment(uptime: now.uptime + 86_400_000, wall: now.wall))
    _ = lifecycle.report(version: "0", pid: 1, started: now, orphansReaped: 0, at: now)
  }

  /// What the probe posts to process 1.
  static let observation = Target(name: "observation", words: jsonWords) { input, dice in
    guard let report = try? JSONDecoder().decode(ProbeReport.self, from: Data(input)) else { return }
    let again = try? JSONDecoder().decode(ProbeReport.self, from: try written(report))
    try expect(again == report, "a report that is written is another one")
    var lifecycle = lifecycle(nil)
    var now = begin
    _ = lifecycle.handle(.begin, at: now)
    for pid in 1...3 as ClosedRange<Int32> {
      _ = lifecycle.handle(.service(lifecycle.plans[Int(pid) - 1].name, .spawned(pid: pid)), at: now)
    }
    for _ in 0..<4 {
      now = Moment(uptime: now.uptime + Int64(dice.below(200_000)), wall: now.wall + Int64(dice.below(200_000)))
      _ = lifecycle.handle(.observed(report), at: now)
      _ = lifecycle.handle(.traffic(report.mode, Int64(report.failures)), at: now)
      _ = lifecycle.handle(.timePassed, at: now)
    }
    try expect((lifecycle.nextWake ?? .max) > now.uptime, "time has been handled, and is to be again")
  }

  /// What `ibgw status` gets from whoever holds the socket.
  static let status = Target(name: "status", words: jsonWords) { input, _ in
    guard let report = try? JSONDecoder().decode(StatusReport.self, from: Data(input)) else { return }
    let again = try? JSONDecoder().decode(StatusReport.self, from: try written(report))
    try expect(again == report, "a status that is written is another one")
    let lines = StatusTable.lines(of: report)
    try expect(lines.count >= 3 + report.gateways.count + report.services.count, "a row is lost")
  }

  /// What `ibgw clients` gets from whoever holds the relay's socket.
  static let clients = Target(
    name: "clients", words: jsonWords + ["1e15", "1e300", "\"duration\"", "\"read_rate\"", "\"size\""]
  ) {
    input, _ in
    guard let clients = try? JSONDecoder().decode([ClientReport].self, from: Data(input)) else { return }
    try expect(
      ClientTable.lines(of: clients).count == max(1, clients.count) + (clients.isEmpty ? 0 : 1), "a row is lost")
  }

  static let answers = Target(name: "answers", words: jsonWords + ["\"ok\"", "\"message\"", "\"causes\""]) { input, _ in
    let data = Data(input)
    if let answer = try? JSONDecoder().decode(ControlAnswer.self, from: data) {
      let again = try? JSONDecoder().decode(ControlAnswer.self, from: try written(answer))
      try expect(again?.message == answer.message && again?.ok == answer.ok, "an answer that is written is another one")
    }
    if let health = try? JSONDecoder().decode(HealthReport.self, from: data) {
      let again = try? JSONDecoder().decode(HealthReport.self, from: try written(health))
      try expect(again?.ok == health.ok && again?.causes == health.causes, "a report that is written is another one")
    }
  }

  static let faults = Target(
    name: "faults", words: Fault.Name.allCases.map(\.rawValue) + ["=", "86400", "86401", " ", "="]
  ) {
    input, _ in
    for line in input.split(separator: 10).prefix(50) {
      guard let fault = try? Fault(text: String(decoding: line, as: UTF8.self)) else { continue }
      try expect((try? Fault(text: fault.text)) == fault, "a fault that is written is another one")
    }
  }
}
