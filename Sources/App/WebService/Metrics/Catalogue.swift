import Metrics

/// Every metric there is, in the order in which they are shown. docs/metrics.md is made from it.
enum Catalogue {
  /// Metrics about one thing.
  struct Group {
    let title: String
    let metrics: [Metric]
    let families: @Sendable (Snapshot) -> [MetricFamily]
  }

  static let groups: [Group] = [
    Group(title: "The program", metrics: ProgramMetrics.all, families: ProgramMetrics.families),
    Group(title: "Gateways", metrics: GatewayMetrics.all, families: GatewayMetrics.families),
    Group(title: "Tailnet", metrics: TailnetMetrics.all, families: TailnetMetrics.families),
    Group(title: "Services", metrics: ServiceMetrics.all, families: ServiceMetrics.families),
    Group(title: "Probe", metrics: ProbeMetrics.all, families: ProbeMetrics.families),
    Group(title: "Relay", metrics: RelayMetrics.all, families: RelayMetrics.families),
    Group(title: "Processes", metrics: ProcessMetrics.all, families: ProcessMetrics.families),
  ]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] { groups.flatMap { $0.families(snapshot) } }

  /// The reference as Markdown: a heading and a table for each group.
  static func markdown() -> String {
    groups.map { group in
      let rows = group.metrics.map { metric in
        let names = metric.sampleNames.map { "`\($0)`" }.joined(separator: ", ")
        let own = metric.type == .stateset ? [metric.name] : metric.type == .histogram ? ["le"] : []
        let labels = (metric.labels + own).map { "`\($0)`" }.joined(separator: ", ")
        return "| \(names) | \(metric.type.rawValue) | \(labels) | \(metric.help) |"
      }
      let heading = "### \(group.title)\n\n| name | type | labels | meaning |\n| --- | --- | --- | --- |\n"
      return heading + rows.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }
}
