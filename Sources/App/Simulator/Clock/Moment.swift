/// A point in time, in milliseconds since 1970. The simulated exchange keeps UTC, and is always open.
struct Moment: Comparable, Hashable, Sendable {
  var milliseconds: Int

  init(milliseconds: Int) { self.milliseconds = milliseconds }
  init(seconds: Int) { milliseconds = seconds * 1_000 }

  static func < (left: Moment, right: Moment) -> Bool { left.milliseconds < right.milliseconds }

  var seconds: Int { milliseconds / 1_000 }

  /// Midnight of the same day.
  var midnight: Moment { Moment(seconds: seconds / 86_400 * 86_400) }

  func adding(seconds: Int) -> Moment { Moment(milliseconds: milliseconds + seconds * 1_000) }

  /// The same time of day in another month, on the month's last day where it has no such day.
  func adding(months: Int) -> Moment {
    let date = Date(daysSince1970: seconds / 86_400)
    let month = date.year * 12 + date.month - 1 + months
    let moved = Date(year: month / 12, month: month % 12 + 1, day: date.day).clamped
    return Moment(milliseconds: moved.daysSince1970 * 86_400_000 + milliseconds % 86_400_000)
  }

  /// The first moment of the same month.
  var startOfMonth: Moment {
    var date = Date(daysSince1970: seconds / 86_400)
    date.day = 1
    return Moment(seconds: date.daysSince1970 * 86_400)
  }

  /// A day of the Gregorian calendar.
  struct Date: Equatable {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
      self.year = year
      self.month = month
      self.day = day
    }

    /// Counts in years that begin in March, so that the leap day is the last of its year.
    init(daysSince1970: Int) {
      let days = daysSince1970 + 719_468
      let era = days / 146_097
      let dayOfEra = days % 146_097
      let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
      let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
      let shifted = (5 * dayOfYear + 2) / 153
      day = dayOfYear - (153 * shifted + 2) / 5 + 1
      month = shifted < 10 ? shifted + 3 : shifted - 9
      year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int {
      let shiftedYear = month <= 2 ? year - 1 : year
      let yearOfEra = shiftedYear % 400
      let shifted = month > 2 ? month - 3 : month + 9
      let dayOfYear = (153 * shifted + 2) / 5 + day - 1
      let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
      return shiftedYear / 400 * 146_097 + dayOfEra - 719_468
    }

    var clamped: Date {
      let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      return Date(year: year, month: month, day: min(day, lengths[month - 1]))
    }

    /// Whether the calendar has such a day.
    var exists: Bool { (1970...9999).contains(year) && (1...12).contains(month) && day >= 1 && self == clamped }
  }
}
