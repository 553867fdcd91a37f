/// A metric with its values at one moment.
public struct MetricFamily: Sendable {
  /// One line of the exposition.
  struct Sample: Sendable {
    var suffix: String
    var labels: [(name: String, value: String)]
    var value: Double
  }

  /// What it is.
  public let metric: Metric
  private(set) var samples: [Sample] = []

  /// The metric without a value yet. A family that stays so is left out of the exposition.
  public init(_ metric: Metric) { self.metric = metric }

  /// Whether it has no value.
  public var isEmpty: Bool { samples.isEmpty }

  /// Adds the value of a counter or gauge, or with 1 an info, for these values of its labels.
  public mutating func add(_ value: Double, _ labels: String...) {
    let suffix =
      switch metric.type {
      case .counter: "_total"
      case .info: "_info"
      case .gauge, .histogram, .stateset: ""
      }
    add(suffix, labels, value)
  }

  /// Adds a state set: 1 for the state that holds and 0 for every other one of `states`. A state that is not among them, as
  /// another version may have it, is added.
  public mutating func add(state current: String, of states: [String], _ labels: String...) {
    for state in states.contains(current) ? states : states + [current] {
      add("", labels, state == current ? 1 : 0, extra: (metric.name, state))
    }
  }

  /// Adds a histogram.
  ///
  /// - Parameters:
  ///   - bounds: the upper bounds, rising, without infinity.
  ///   - counts: how many values were at or below each bound and above the one before; as many as there are bounds.
  ///   - count: how many values there were, those above the last bound included.
  ///   - sum: the sum of all values.
  public mutating func add(bounds: [Double], counts: [UInt64], count: UInt64, sum: Double, _ labels: String...) {
    var cumulative: UInt64 = 0
    for (bound, inBucket) in zip(bounds, counts) {
      cumulative += inBucket
      add("_bucket", labels, Double(cumulative), extra: ("le", Number.bound(bound)))
    }
    add("_bucket", labels, Double(count), extra: ("le", "+Inf"))
    add("_sum", labels, sum)
    add("_count", labels, Double(count))
  }

  private mutating func add(
    _ suffix: String, _ values: [String], _ value: Double, extra: (name: String, value: String)? = nil
  ) {
    precondition(values.count == metric.labels.count, "\(metric.name) needs a value for each of its labels")
    var labels = zip(metric.labels, values).map { (name: $0, value: $1) }
    if let extra { labels.append(extra) }
    samples.append(Sample(suffix: suffix, labels: labels, value: value))
  }
}
