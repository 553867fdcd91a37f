/// The sizes of bars that can be asked for, and how they divide time. Days, weeks (from Monday) and months are those of UTC.
enum BarSpan: Equatable, Sendable {
  case seconds(Int)
  case week
  case month

  /// Reads `1 min`, `5 mins`, `1 day` ..., every size that the gateway knows.
  init?(text: String) {
    let parts = text.lowercased().split(separator: " ")
    guard parts.count == 2, let count = Int(parts[0]) else { return nil }
    switch (count, parts[1]) {
    case (1, "sec"), (1, "secs"), (5, "secs"), (10, "secs"), (15, "secs"), (30, "secs"): self = .seconds(count)
    case (1, "min"), (1, "mins"), (2, "mins"), (3, "mins"), (5, "mins"), (10, "mins"), (15, "mins"), (20, "mins"),
      (30, "mins"):
      self = .seconds(count * 60)
    case (1, "hour"), (1, "hours"), (2, "hours"), (3, "hours"), (4, "hours"), (8, "hours"):
      self = .seconds(count * 3_600)
    case (1, "day"), (1, "days"): self = .seconds(86_400)
    case (1, "week"), (1, "w"), (1, "weeks"): self = .week
    case (1, "month"), (1, "m"), (1, "months"): self = .month
    default: return nil
    }
  }

  /// Whether a bar's time is told as a date alone.
  var isDaily: Bool {
    switch self {
    case .seconds(let seconds): seconds >= 86_400
    case .week, .month: true
    }
  }

  /// The beginning of the bar that `moment` lies in.
  func start(of moment: Moment) -> Moment {
    switch self {
    case .seconds(let seconds): return Moment(seconds: moment.seconds / seconds * seconds)
    case .week:
      // The first day of 1970 was a Thursday.
      let day = moment.seconds / 86_400
      return Moment(seconds: (day - (day + 3) % 7) * 86_400)
    case .month: return moment.startOfMonth
    }
  }

  /// The beginning of the next bar.
  func next(after start: Moment) -> Moment {
    switch self {
    case .seconds(let seconds): start.adding(seconds: seconds)
    case .week: start.adding(seconds: 7 * 86_400)
    case .month: start.adding(months: 1)
    }
  }
}

/// How far back a request reaches: `1800 S`, `2 D`, `1 W`, `6 M`, `1 Y`.
struct HistoryDuration: Equatable, Sendable {
  private enum Unit: Character {
    case seconds = "S"
    case days = "D"
    case weeks = "W"
    case months = "M"
    case years = "Y"
  }

  private let count: Int
  private let unit: Unit

  init?(text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count), parts[1].count == 1,
      let unit = parts[1].first.flatMap(Unit.init(rawValue:))
    else { return nil }
    self.count = count
    self.unit = unit
  }

  func start(before end: Moment) -> Moment {
    switch unit {
    case .seconds: end.adding(seconds: -count)
    case .days: end.adding(seconds: -count * 86_400)
    case .weeks: end.adding(seconds: -count * 7 * 86_400)
    case .months: end.adding(months: -min(count, 600))
    case .years: end.adding(months: -min(count, 50) * 12)
    }
  }
}
