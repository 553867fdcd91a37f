/// The region whose servers an account belongs to, which decides when IBKR resets them every day. Raw values are those of
/// `IBKR_REGION`.
public enum IBKRRegion: String, Sendable, Hashable, Codable, CaseIterable {
  /// North America: 00:15-01:45 Eastern time.
  case america
  /// Europe: 06:25-07:45 Central European time.
  case europe
  /// Asia: 04:45-06:05 and 20:15-21:15 Hong Kong time.
  case asia
}

/// When IBKR resets its servers and ends the week's session. Source: IBKR's published system status page; times as users know them.
public enum IBKRCalendar {
  private static let day: Int64 = 86_400_000
  private static let hour: Int64 = 3_600_000
  private static let minute: Int64 = 60_000

  /// The first Sunday 01:00 Eastern time after `wall` (ms since 1970): the session's token expires, and the next login needs a person.
  public static func nextWeeklyLogin(after wall: Int64) -> Int64 {
    // The week's days in Eastern time; near a clock change the offset of the Sunday itself counts.
    let local = wall + easternOffset(wall)
    let today = floorDivided(local, day)
    var sunday = today + (7 - weekday(today)) % 7
    while true {
      let standard = sunday * day + hour
      let candidate = standard - easternOffset(standard + 5 * hour)
      if candidate > wall { return candidate }
      sunday += 7
    }
  }

  /// When the reset window that `wall` lies in is over; nil outside of one.
  public static func resetWindowEnd(_ wall: Int64, _ region: IBKRRegion) -> Int64? {
    let eastern = wall + easternOffset(wall)
    let weekend = floorDivided(eastern, day)
    // Friday 23:00 to Saturday 03:00 Eastern time, for every region.
    let ofDay = eastern - weekend * day
    if weekday(weekend) == 5 && ofDay >= 23 * hour { return wall + (day - ofDay) + 3 * hour }
    if weekday(weekend) == 6 && ofDay < 3 * hour { return wall + 3 * hour - ofDay }
    let (offset, windows): (Int64, [(Int64, Int64)]) =
      switch region {
      case .america: (easternOffset(wall), [(15, 105)])
      case .europe: (centralEuropeanOffset(wall), [(385, 465)])
      case .asia: (8 * hour, [(285, 365), (1215, 1275)])
      }
    let local = wall + offset
    let minutes = (local - floorDivided(local, day) * day) / minute
    for (begin, end) in windows where minutes >= begin && minutes < end {
      return wall + (end - minutes) * minute - local % minute
    }
    return nil
  }

  // MARK: Time zones

  /// Eastern time: UTC-5, and UTC-4 from the second Sunday of March 02:00 to the first of November 02:00.
  static func easternOffset(_ wall: Int64) -> Int64 {
    let year = civil(floorDivided(wall, day)).year
    let begin = sunday(2, ofMonth: 3, year) * day + 7 * hour
    let end = sunday(1, ofMonth: 11, year) * day + 6 * hour
    return wall >= begin && wall < end ? -4 * hour : -5 * hour
  }

  /// Central European time: UTC+1, and UTC+2 from the last Sunday of March 01:00 UTC to the last of October.
  static func centralEuropeanOffset(_ wall: Int64) -> Int64 {
    let year = civil(floorDivided(wall, day)).year
    let begin = lastSunday(ofMonth: 3, year) * day + hour
    let end = lastSunday(ofMonth: 10, year) * day + hour
    return wall >= begin && wall < end ? 2 * hour : hour
  }

  private static func sunday(_ number: Int64, ofMonth month: Int64, _ year: Int64) -> Int64 {
    let first = days(year, month, 1)
    return first + (7 - weekday(first)) % 7 + (number - 1) * 7
  }

  private static func lastSunday(ofMonth month: Int64, _ year: Int64) -> Int64 {
    let last = days(year, month, 31)
    return last - weekday(last)
  }

  /// Sunday is 0.
  private static func weekday(_ days: Int64) -> Int64 { ((days + 4) % 7 + 7) % 7 }

  private static func floorDivided(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }

  /// Days since 1970-01-01 of a date of the Gregorian calendar.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = floorDivided(year, 400)
    let ofEra = year - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }

  private static func civil(_ days: Int64) -> (year: Int64, month: Int64) {
    let shifted = days + 719_468
    let era = floorDivided(shifted, 146_097)
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let dayOfYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    return (yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month >= 10 ? month - 9 : month + 3)
  }
}
