/// Metrics as text, in either of the two formats that scrapers read.
///
/// Sources: OpenMetrics 1.0.0, and Prometheus's text-based format 0.0.4, which `promtool check metrics` and older scrapers read.
public enum Exposition: String, Sendable, CaseIterable {
  /// OpenMetrics 1.0.0: with units, states and text as such, and an end that is marked, so that half an answer is no answer.
  case openMetrics
  /// Prometheus's own format, in which a state set and an info are gauges.
  case prometheus

  /// The format for a request's `Accept` header, as Prometheus's own client libraries choose it: OpenMetrics for who names it.
  public init(accepting accept: String) {
    let wantsOpenMetrics = accept.split(separator: ",").contains { range in
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      return parts.first?.lowercased() == "application/openmetrics-text" && !parts.contains("q=0")
    }
    self = wantsOpenMetrics ? .openMetrics : .prometheus
  }

  /// The value of `Content-Type`.
  public var contentType: String {
    switch self {
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    }
  }

  /// The families with their values; one without a value is left out.
  public func text(_ families: [MetricFamily]) -> String {
    var text = ""
    for family in families where !family.isEmpty { write(family, to: &text) }
    if self == .openMetrics { text += "# EOF\n" }
    return text
  }

  private func write(_ family: MetricFamily, to text: inout String) {
    let metric = family.metric
    switch self {
    case .openMetrics:
      text += "# TYPE \(metric.name) \(metric.type.rawValue)\n"
      if let unit = metric.unit { text += "# UNIT \(metric.name) \(unit)\n" }
      text += "# HELP \(metric.name) \(escaped(metric.help, quotes: true))\n"
    case .prometheus:
      let name = metric.type == .histogram ? metric.name : metric.sampleNames[0]
      let type = metric.type == .stateset || metric.type == .info ? MetricType.gauge : metric.type
      text += "# HELP \(name) \(escaped(metric.help, quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
    }
    for sample in family.samples {
      text += metric.name + sample.suffix
      if !sample.labels.isEmpty {
        let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        text += "{\(labels.joined(separator: ","))}"
      }
      text += " \(Number.value(sample.value))\n"
    }
  }

  private func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
