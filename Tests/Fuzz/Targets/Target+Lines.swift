import Gateway
import Lifecycle
import Output

/// What children print.
extension Target {
  private static let ibcWords = [
    "IBC: ", "Login attempt: ", "Login has completed", "Second Factor Authentication initiated",
    "Duration since login: 3", "\n", "\r\n",
    "IBC returned exit status ", "Starting Gateway with this command:", "frame entitled: ", "IBKR Gateway",
    "(Simulated Trading)",
    "Too many failed login attempts. Please wait ", " minutes & ", " seconds", "IBC: Login failed",
    "Re-login to session",
    "Unrecognized Username or Password", "Re-login after second factor authentication timeout", "(scenario ",
    "DU1234567", "U12345",
    "Cold restart in progress", "initiate cold restart", "DF123456789", "é", "\u{2028}",
  ]

  private static func split(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]] {
    var splitter = LineSplitter()
    var lines: [[UInt8]] = []
    for piece in pieces { splitter.take(piece) { lines.append($0) } }
    splitter.finish { lines.append($0) }
    return lines
  }

  static let lines = Target(name: "lines", words: ibcWords) { input, dice in
    let whole = split([input[...]])
    try expect(split(dice.pieces(of: input)) == whole, "lines in pieces are others than in one")
    try expect(whole.allSatisfy { $0.count <= LineSplitter.limit }, "a line is longer than is let")
    try expect(whole.allSatisfy { !$0.contains(10) }, "a line feed in a line")
    let kept = input.filter { $0 != 10 && $0 != 13 }
    try expect(whole.joined().filter { $0 != 13 } == kept, "something is lost between the lines")
  }

  /// IBC's lines are masked, understood, and decided upon.
  static let ibc = Target(name: "ibc", words: ibcWords) { input, dice in
    var now = Moment(uptime: 1_000_000, wall: 1_700_000_000_000)
    var lifecycle = Lifecycle(
      plans: [ServicePlan(name: .gateway(.live), kind: .gateway(.live), stopRank: 0)], stopTimeout: 100_000, seed: 1,
      at: now)
    _ = lifecycle.handle(.begin, at: now)
    _ = lifecycle.handle(.service(.gateway(.live), .spawned(pid: 7)), at: now)
    for line in split([input[...]]).prefix(200) {
      let text = String(decoding: AccountMask.masked(line), as: UTF8.self)
      guard let event = IBCLine.event(in: text) else { continue }
      try expect(IBCLine.event(in: Substring(text)) == event, "a line and a part of a line tell different things")
      now = Moment(uptime: now.uptime + Int64(dice.below(10_000)), wall: now.wall + Int64(dice.below(20_000)))
      _ = lifecycle.handle(.service(.gateway(.live), .gateway(event)), at: now)
      _ = lifecycle.handle(.timePassed, at: now)
      try expect((lifecycle.nextWake ?? .max) > now.uptime, "time has been handled, and is to be again")
      try expect((lifecycle.nextWake ?? 0) < now.uptime + 8 * 86_400_000, "it sleeps for more than a week")
    }
    let report = lifecycle.report(version: "0", pid: 1, started: now, orphansReaped: 0, at: now)
    try expect(report.gateways.count == 1, "the gateway is gone from the report")
  }

  static let account = Target(name: "account", words: ibcWords) { input, dice in
    let masked = AccountMask.masked(input)
    try expect(AccountMask.masked(masked) == masked, "what is masked is masked again")
    let isWord = { (byte: UInt8) in (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) }
    for word in masked.split(whereSeparator: { !isWord($0) }) {
      let letters = word.prefix { $0 >= 65 }
      let digits = word.dropFirst(letters.count)
      let isAccount =
        ["U", "DU", "I", "DI", "F", "DF"].contains { $0.utf8.elementsEqual(letters) } && (5...9).contains(digits.count)
        && digits.allSatisfy { $0 < 58 }
      try expect(!isAccount, "an account number is left")
    }
    try expect(
      masked.split(separator: 10, omittingEmptySubsequences: false).count
        == input.split(separator: 10, omittingEmptySubsequences: false).count, "a line is lost")
  }
}
