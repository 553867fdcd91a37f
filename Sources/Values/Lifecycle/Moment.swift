/// A point in time as the supervisor sees it: a clock that never jumps for deadlines, and the wall's for people.
public struct Moment: Sendable, Hashable, Codable {
  /// Milliseconds of a monotonic clock. Every deadline and every duration is of this clock.
  public var uptime: Int64
  /// Milliseconds since 1970-01-01 UTC. It may jump; only shown and persisted, never subtracted for a deadline.
  public var wall: Int64

  /// A moment of both clocks, in milliseconds.
  public init(uptime: Int64, wall: Int64) {
    self.uptime = uptime
    self.wall = wall
  }
}

/// A duration in milliseconds, said as a person says it: `250 ms`, `4.5 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
public func spoken(milliseconds: Int64) -> String {
  let seconds = milliseconds / 1000
  switch milliseconds {
  case ..<1000: return "\(max(0, milliseconds)) ms"
  case ..<10_000:
    let tenths = (milliseconds % 1000) / 100
    return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
  case ..<120_000: return "\(seconds) s"
  case ..<7_200_000: return "\(seconds / 60) min"
  case ..<172_800_000: return pair(seconds / 3600, "h", seconds % 3600 / 60, "min")
  default: return pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
  }
}

private func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
  small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
}
