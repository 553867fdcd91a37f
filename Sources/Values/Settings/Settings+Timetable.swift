/// When the gateway restarts or ends by itself, as minutes since midnight in the user's time zone; nil where it does not.
extension Settings.IBC {
  /// The daily restart that keeps the session.
  public var autoRestartMinute: Int? { autoRestartTime.flatMap(ClockTime.init(halfDay:))?.sinceMidnight }

  /// The daily end; the program knows only one of the two, and the restart wins.
  public var autoLogoffMinute: Int? {
    autoRestartTime == nil ? autoLogoffTime.flatMap(ClockTime.init(halfDay:))?.sinceMidnight : nil
  }

  /// Sunday's restart with a full login.
  public var coldRestartMinute: Int? { coldRestartTime.flatMap { ClockTime($0) }?.sinceMidnight }
}

extension ClockTime {
  var sinceMidnight: Int { hour * 60 + minute }

  /// Reads what ``halfDay`` writes.
  init?(halfDay text: String) {
    guard let time = ClockTime(String(text.dropLast(3))), (1...12).contains(time.hour) else { return nil }
    let hour = time.hour % 12 + (text.hasSuffix("PM") ? 12 : 0)
    self.init("\(hour):" + text.dropLast(3).suffix(2))
  }
}
