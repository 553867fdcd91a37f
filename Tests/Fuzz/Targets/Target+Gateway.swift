import GatewayProbe
import Lifecycle
import Splice

/// A gateway's answers, as the probe takes them.
extension Target {
  private static let gatewayWords = [
    "187\020261121 02:07:51 UTC\0", "15\01\0DU1234567\0", "15\01\0\0", "9\01\01\0", "49\01\01700000000\0",
    "4\02\0-1\0326\0in use\0\0",
    "4\02\0-1\01100\0lost\0\0", "4\02\0-1\02110\0lost\0\0", "4\02\0-1\01102\0back\0\0", "\0", "-1\0", "200\0",
  ]

  /// Whatever it answers and in whatever pieces, the probe reports the same, says no account, and comes to an end.
  static let gateway = Target(name: "gateway", words: gatewayWords) { input, dice in
    let listener = ListenTable.Listener(inode: UInt64(1 + dice.below(3)), waiting: dice.below(3))
    let whole = try watched([input[...]], listener)
    let cut = try watched(dice.pieces(of: input), listener)
    try expect(whole == cut, "what is reported depends on the pieces: \(whole) with one, \(cut) with several")
    let words = whole.map(\.why).joined()
    try expect(!words.contains("DU1234567"), "an account stands in a report")
  }

  /// The reports about a gateway that answers every connection with these bytes and ends it a second later: the last one of each moment,
  /// since the pieces of one answer may tell of two states in turn.
  private static func watched(_ pieces: [ArraySlice<UInt8>], _ listener: ListenTable.Listener) throws -> [ProbeReport] {
    var watch = GatewayWatch(mode: .live, place: "127.0.0.1:4001", firstClientID: 999)
    var reports: [(at: Duration, report: ProbeReport)] = []
    var now = Duration.zero
    var events: [GatewayWatch.Event] = [.timePassed]
    var rounds = 0
    while rounds < 300 {
      rounds += 1
      if events.isEmpty {
        guard let wake = watch.wake else { return reports.map(\.report) }
        try expect(rounds < 2 || wake > now - .seconds(1), "it wakes in the past")
        now = max(now, wake)
        if now > .seconds(90) { return reports.map(\.report) }
        events = [.timePassed]
      }
      for action in watch.handle(events.removeFirst(), at: now) {
        switch action {
        case .look: events.append(.looked(.present(listener)))
        case .connect(let id):
          events.append(.connected(id))
          // Between its pieces nothing else happens, and no time passes.
          for piece in pieces {
            for action in watch.handle(.received(id, Array(piece)), at: now) { note(action, now, &reports, &events) }
          }
        default: note(action, now, &reports, &events)
        }
      }
    }
    return reports.map(\.report)
  }

  private static func note(
    _ action: GatewayWatch.Action, _ now: Duration, _ reports: inout [(at: Duration, report: ProbeReport)],
    _ events: inout [GatewayWatch.Event]
  ) {
    switch action {
    case .report(let report):
      if reports.last?.at == now { reports.removeLast() }
      reports.append((now, report))
    case .close(let id), .drop(let id): events.append(.ended(id, .closed))
    default: break
    }
  }
}
