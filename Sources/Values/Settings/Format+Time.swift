/// Times of day and spans of time, in the spellings that IBC reads. Sources: the comments of IBC 3.24.1's config.ini, and
/// its classes: `hh:mm a` is read strictly (two digits, capital AM or PM), `HH:mm` leniently (25:00 passes), which is why
/// both are checked and made canonical here.

extension Format where Value == String {
  /// `hh:mm AM` or `hh:mm PM`, as AutoRestartTime and AutoLogoffTime need it.
  static var halfDayTime: Self {
    Format("hh:mm AM or PM") { text in
      let compact = text.uppercased().filter { $0 != " " }
      let half = String(compact.suffix(2))
      if half == "AM" || half == "PM", let time = ClockTime(String(compact.dropLast(2))), (1...12).contains(time.hour) {
        let canonical = "\(time) \(half)"
        return .success(Parsed(canonical, canonical))
      }
      if let time = ClockTime(compact) {
        return .failure(
          Invalid(what: "is \(text.quoted), a 24-hour time", fix: "write \(time.halfDay.quoted)"))
      }
      return .failure(
        Invalid(what: "is \(text.quoted)", fix: "write a time of day with AM or PM, such as \("11:59 PM".quoted)"))
    }
  }

  /// `HH:MM` on a 24-hour clock, as ColdRestartTime needs it.
  static var dayTime: Self {
    Format("hh:mm, 24 hours") { text in
      guard let time = ClockTime(text.trimmed) else {
        return .failure(
          Invalid(what: "is \(text.quoted)", fix: "write a time of day on a 24-hour clock, such as \("07:05".quoted)"))
      }
      return .success(Parsed(time.description, time.description))
    }
  }

  /// Times of day, or an interval with an optional span, as SaveTwsSettingsAt needs it:
  /// `HH:MM [HH:MM]...` or `Every n [{mins|hours}] [hh:mm] [hh:mm]`, the interval from 1 to 1439 minutes.
  static var saveSchedule: Self {
    Format("hh:mm ..., or Every n mins") { text in
      let words = text.split(separator: " ").map(String.init)
      let canonical = words.joined(separator: " ")
      let example = "write \("08:00 12:30".quoted) or \("Every 30 mins 08:00 17:30".quoted)"
      guard let first = words.first else { return .failure(Invalid(what: "is only spaces", fix: example)) }
      if first.lowercased() != "every" {
        if let wrong = words.first(where: { ClockTime($0) == nil }) {
          return .failure(Invalid(what: "has \(wrong.quoted), which is no time of day", fix: example))
        }
        return .success(Parsed(canonical, canonical))
      }
      var rest = words.dropFirst()
      guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else {
        return .failure(Invalid(what: "has no number after \(first.quoted)", fix: example))
      }
      var minutes = count
      if let unit = rest.first?.lowercased(), unit == "mins" || unit == "hours" {
        rest.removeFirst()
        minutes = unit == "hours" ? count.multipliedReportingOverflow(by: 60).partialValue : count
      }
      guard (1...1439).contains(minutes), count <= 1439 else {
        return .failure(
          Invalid(what: "has an interval that IBC refuses", fix: "choose one from 1 to 1439 minutes"))
      }
      guard rest.count <= 2, rest.allSatisfy({ ClockTime($0) != nil }) else {
        return .failure(Invalid(what: "is \(text.quoted)", fix: example))
      }
      return .success(Parsed(canonical, canonical))
    }
  }

  /// The name of a time zone. Whether the machine knows it is for whoever can look.
  static var timeZone: Self {
    Format("time zone") { text in
      let trimmed = text.trimmed
      let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
      let allowed = trimmed.unicodeScalars.allSatisfy { $0.isASCII && !$0.properties.isWhitespace && $0 != "=" }
      guard allowed, !parts.contains(""), !parts.contains(".."), !parts.contains(".") else {
        return .failure(
          Invalid(
            what: "is \(text.quoted), which is no name of a time zone",
            fix: "write a name of the tz database, such as Europe/Zurich"))
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }
}

extension Format where Value == Duration {
  /// A span of time: a number of seconds, or one with a unit: `90`, `90s`, `5m`, `1h`. Canonical in seconds.
  static func duration(_ range: ClosedRange<Int>) -> Self {
    Format("seconds") { text in
      switch seconds(text) {
      case .some(let count) where range.contains(count): .success(Parsed(.seconds(count), String(count)))
      case .some(let count):
        .failure(
          Invalid(
            what: "is \(count) seconds, which is out of bounds",
            fix: "choose from \(range.lowerBound) to \(range.upperBound) seconds"))
      case .none:
        .failure(Invalid(what: "is \(text.quoted), which is no span of time", fix: "write seconds, or 90s, 5m, 1h"))
      }
    }
  }
}

extension Format where Value == Duration? {
  /// A span of time as in `duration`, or `off` (also `no` or `0`) for none.
  static func durationOrOff(_ range: ClosedRange<Int>) -> Self {
    Format("seconds, or off") { text in
      if ["off", "no", "0", "0s"].contains(text.trimmed.lowercased()) { return .success(Parsed(nil, "off")) }
      return Format<Duration>.duration(range).parse(text).map { Parsed($0.value, $0.text) }
    }
  }
}

private func seconds(_ text: String) -> Int? {
  let trimmed = text.trimmed.lowercased()
  let scale =
    switch trimmed.last {
    case "s": 1
    case "m": 60
    case "h": 3600
    default: 0
    }
  let digits = (scale == 0 ? trimmed : String(trimmed.dropLast())).trimmed
  guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int(digits)
  else { return nil }
  let (product, overflow) = count.multipliedReportingOverflow(by: max(scale, 1))
  return overflow ? nil : product
}

/// A time of day, to the minute.
struct ClockTime: CustomStringConvertible {
  let hour: Int
  let minute: Int

  /// Reads `h:mm` or `hh:mm`, 0:00 to 23:59, and nothing else.
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let digits = text.utf8.allSatisfy {
      $0 == UInt8(ascii: ":") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    guard digits, parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    self.hour = hour
    self.minute = minute
  }

  var description: String { Self.padded(hour) + ":" + Self.padded(minute) }

  /// The same time with AM or PM.
  var halfDay: String {
    Self.padded(hour % 12 == 0 ? 12 : hour % 12) + ":" + Self.padded(minute) + (hour < 12 ? " AM" : " PM")
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}
