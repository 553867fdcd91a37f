/// The kinds of metric that OpenMetrics has and this program uses.
public enum MetricType: String, Sendable, Hashable, CaseIterable {
  /// A number that only rises, until its process starts anew.
  case counter
  /// A number as it is now.
  case gauge
  /// How values were distributed.
  case histogram
  /// Which one of several states holds.
  case stateset
  /// Text that does not change while the process lives.
  case info
}

/// What is known of a metric before it has a value: the name that dashboards and alerts are built on, which stays.
public struct Metric: Sendable, Hashable {
  /// The family's name, without the suffix that its samples carry, such as `ibgw_service_restarts`. Ends in the unit, if there is one.
  public let name: String
  /// Its kind.
  public let type: MetricType
  /// The unit, in the plural and without a prefix: `seconds`, `bytes`.
  public let unit: String?
  /// The names of its labels, in the order in which values are given for them.
  public let labels: [String]
  /// What it says, in one sentence.
  public let help: String

  /// A metric of its parts; `name` must end in `_` and the unit where there is one.
  public init(_ name: String, _ type: MetricType, unit: String? = nil, labels: [String] = [], help: String) {
    precondition(unit.map { name.hasSuffix("_\($0)") } ?? true, "the name of a metric with a unit ends in it")
    self.name = name
    self.type = type
    self.unit = unit
    self.labels = labels
    self.help = help
  }

  /// The names that its samples have, as a query needs them. A state set's samples carry the state in a label of the family's name.
  public var sampleNames: [String] {
    switch type {
    case .counter: ["\(name)_total"]
    case .gauge, .stateset: [name]
    case .histogram: ["\(name)_bucket", "\(name)_sum", "\(name)_count"]
    case .info: ["\(name)_info"]
    }
  }
}
