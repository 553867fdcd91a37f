import Glibc
import Lifecycle

/// What the gateways do by themselves at a time of day, in the time zone of `TZ`.
public struct Timetable: Sendable {
  /// One restart or end that is known beforehand.
  public struct Entry: Sendable {
    /// What the status calls it: `auto-restart`, `auto-logoff`, `cold-restart`.
    public var name: String
    /// What it means, in words.
    public var meaning: String
    /// Minutes since midnight.
    public var minute: Int
    /// Whether it happens on Sundays alone, instead of every day.
    public var isWeekly: Bool

    /// An entry.
    public init(name: String, meaning: String, minute: Int, isWeekly: Bool = false) {
      self.name = name
      self.meaning = meaning
      self.minute = minute
      self.isWeekly = isWeekly
    }
  }

  /// Everything that is known.
  public var entries: [Entry]

  /// A timetable.
  public init(_ entries: [Entry] = []) { self.entries = entries }

  /// When each entry happens next, after `wall` (ms since 1970).
  public func nextEvents(after wall: Int64) -> [StatusReport.NextEvent] {
    entries.compactMap { entry in
      Self.next(entry, after: wall).map {
        StatusReport.NextEvent(name: entry.name, meaning: entry.meaning, at: $0, within: $0 - wall)
      }
    }
  }

  /// The C library knows the zone's clock changes: a time of day that a change skips is the one right after it.
  private static func next(_ entry: Entry, after wall: Int64) -> Int64? {
    var seconds = time_t(wall / 1000)
    var today = tm()
    localtime_r(&seconds, &today)
    for day in 0...8 {
      var candidate = tm()
      candidate.tm_year = today.tm_year
      candidate.tm_mon = today.tm_mon
      candidate.tm_mday = today.tm_mday + Int32(day)
      candidate.tm_hour = Int32(entry.minute / 60)
      candidate.tm_min = Int32(entry.minute % 60)
      candidate.tm_isdst = -1
      let time = Int64(mktime(&candidate)) * 1000
      if time > wall && (!entry.isWeekly || candidate.tm_wday == 0) { return time }
    }
    return nil
  }
}
