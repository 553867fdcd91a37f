/// The ways in which the API writes a time. The first version whose times name their zone is 174.
extension Moment {
  /// `20261121`.
  var dateText: String {
    let date = Date(daysSince1970: seconds / 86_400)
    return padded(date.year, 4) + padded(date.month, 2) + padded(date.day, 2)
  }

  /// `02:07:51`.
  var timeText: String {
    let second = seconds % 86_400
    return padded(second / 3_600, 2) + ":" + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
  }

  /// `20261121 02:07:51 UTC`, and for older clients `20261121  02:07:51`.
  func text(version: Int) -> String {
    version >= 174 ? "\(dateText) \(timeText) UTC" : "\(dateText)  \(timeText)"
  }

  /// Reads what clients write: `20261121 02:07:51 UTC`, `20261121-02:07:51`, also without the zone or the time.
  /// Nil for anything else; other zones than UTC are not known here.
  init?(text: String) {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "-" })
    guard (1...3).contains(parts.count), parts.count < 3 || ["UTC", "GMT", "Etc/UTC"].contains(parts[2]) else {
      return nil
    }
    guard parts[0].count == 8, let digits = Int(parts[0]), digits > 0 else { return nil }
    let date = Date(year: digits / 10_000, month: digits / 100 % 100, day: digits % 100)
    guard date.exists else { return nil }
    var second = 0
    if parts.count > 1 {
      let clock = parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
      guard (2...3).contains(clock.count), (0..<24).contains(clock[0]), clock.dropFirst().allSatisfy((0..<60).contains)
      else { return nil }
      second = clock[0] * 3_600 + clock[1] * 60 + (clock.count == 3 ? clock[2] : 0)
    }
    self.init(seconds: date.daysSince1970 * 86_400 + second)
  }

  private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Double {
  /// The number with `places` digits behind the point, as amounts of money are written.
  func text(places: Int) -> String {
    var unit = 1.0
    for _ in 0..<places { unit *= 10 }
    guard magnitude * unit < 1e18 else { return description }
    let scaled = Int((magnitude * unit).rounded())
    let digits = String(scaled % Int(unit))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    let fraction = places > 0 ? "." + String(repeating: "0", count: places - digits.count) + digits : ""
    return sign + String(scaled / Int(unit)) + fraction
  }
}
