/// A histogram with fixed upper bounds, as OpenMetrics knows it; durations in seconds.
public struct Histogram: Sendable, Equatable, Codable {
  /// The upper bounds in seconds, rising; what is above the last is counted only in `count`.
  public let bounds: [Double]
  /// How many values were at or below each bound and above the one before: not cumulative.
  public private(set) var counts: [UInt64]
  /// How many values there were.
  public private(set) var count: UInt64 = 0
  /// Their sum in seconds.
  public private(set) var sum = 0.0

  /// An empty histogram with these upper bounds, which must rise.
  public init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count)
  }

  /// Adds a value in seconds.
  public mutating func record(_ seconds: Double) {
    count += 1
    sum += seconds
    if let index = bounds.firstIndex(where: { seconds <= $0 }) { counts[index] += 1 }
  }

  /// For how long clients stay: from a second to a week.
  public static let connectionDuration = Histogram(bounds: [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800])
  /// For how long the gateway takes to accept: from 0.1 ms to the dial's time-out.
  public static let dialDuration = Histogram(bounds: [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 5])
}
