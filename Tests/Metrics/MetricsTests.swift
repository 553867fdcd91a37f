import Metrics
import Testing

/// One metric of each kind, with everything that has to be escaped.
private let families: [MetricFamily] = {
  var build = MetricFamily(Metric("test_build", .info, labels: ["version"], help: "The version."))
  build.add(1, "0.1.0")
  var requests = MetricFamily(
    Metric("test_requests", .counter, labels: ["path", "why"], help: "Requests; a \\ and a \"quote\"\nin two lines."))
  requests.add(3, "/", #"C:\x "quoted""#)
  requests.add(0.5, "/two\nlines", "")
  var memory = MetricFamily(Metric("test_memory_bytes", .gauge, unit: "bytes", help: "Memory."))
  memory.add(21_032_960)
  var odd = MetricFamily(Metric("test_odd", .gauge, labels: ["number"], help: "Numbers that are none."))
  odd.add(.infinity, "more than all")
  odd.add(-.infinity, "less than all")
  odd.add(.nan, "none")
  odd.add(-1.5e-9, "small")
  odd.add(1e300, "large")
  var state = MetricFamily(Metric("test_state", .stateset, labels: ["mode"], help: "The state."))
  state.add(state: "up", of: ["up", "down"], "live")
  state.add(state: "sideways", of: ["up", "down"], "paper")
  var latency = MetricFamily(
    Metric("test_latency_seconds", .histogram, unit: "seconds", labels: ["mode"], help: "How long it took."))
  latency.add(bounds: [0.0001, 1, 604_800, 1_250_000], counts: [2, 0, 1, 1], count: 6, sum: 1234.5, "live")
  let empty = MetricFamily(Metric("test_empty", .gauge, help: "Without a value."))
  return [build, requests, memory, odd, state, latency, empty]
}()

@Suite struct ExpositionTests {
  @Test func `OpenMetrics has units, states, escapes and an end`() {
    #expect(
      Exposition.openMetrics.text(families) == #"""
        # TYPE test_build info
        # HELP test_build The version.
        test_build_info{version="0.1.0"} 1
        # TYPE test_requests counter
        # HELP test_requests Requests; a \\ and a \"quote\"\nin two lines.
        test_requests_total{path="/",why="C:\\x \"quoted\""} 3
        test_requests_total{path="/two\nlines",why=""} 0.5
        # TYPE test_memory_bytes gauge
        # UNIT test_memory_bytes bytes
        # HELP test_memory_bytes Memory.
        test_memory_bytes 21032960
        # TYPE test_odd gauge
        # HELP test_odd Numbers that are none.
        test_odd{number="more than all"} +Inf
        test_odd{number="less than all"} -Inf
        test_odd{number="none"} NaN
        test_odd{number="small"} -1.5e-09
        test_odd{number="large"} 1e+300
        # TYPE test_state stateset
        # HELP test_state The state.
        test_state{mode="live",test_state="up"} 1
        test_state{mode="live",test_state="down"} 0
        test_state{mode="paper",test_state="up"} 0
        test_state{mode="paper",test_state="down"} 0
        test_state{mode="paper",test_state="sideways"} 1
        # TYPE test_latency_seconds histogram
        # UNIT test_latency_seconds seconds
        # HELP test_latency_seconds How long it took.
        test_latency_seconds_bucket{mode="live",le="0.0001"} 2
        test_latency_seconds_bucket{mode="live",le="1.0"} 2
        test_latency_seconds_bucket{mode="live",le="604800.0"} 3
        test_latency_seconds_bucket{mode="live",le="1.25e+06"} 4
        test_latency_seconds_bucket{mode="live",le="+Inf"} 6
        test_latency_seconds_sum{mode="live"} 1234.5
        test_latency_seconds_count{mode="live"} 6
        # EOF

        """#)
  }

  @Test func `Prometheus's own format has neither units nor states, and names counters in full`() {
    #expect(
      Exposition.prometheus.text(Array(families[0...2]) + [families[4], families[6]]) == #"""
        # HELP test_build_info The version.
        # TYPE test_build_info gauge
        test_build_info{version="0.1.0"} 1
        # HELP test_requests_total Requests; a \\ and a "quote"\nin two lines.
        # TYPE test_requests_total counter
        test_requests_total{path="/",why="C:\\x \"quoted\""} 3
        test_requests_total{path="/two\nlines",why=""} 0.5
        # HELP test_memory_bytes Memory.
        # TYPE test_memory_bytes gauge
        test_memory_bytes 21032960
        # HELP test_state The state.
        # TYPE test_state gauge
        test_state{mode="live",test_state="up"} 1
        test_state{mode="live",test_state="down"} 0
        test_state{mode="paper",test_state="up"} 0
        test_state{mode="paper",test_state="down"} 0
        test_state{mode="paper",test_state="sideways"} 1

        """#)
  }

  @Test(arguments: [
    ("", Exposition.prometheus), ("*/*", .prometheus), ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .prometheus),
    ("application/openmetrics-text", .openMetrics),
    // What Prometheus 2.42 sends.
    (
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
    ),
    ("application/openmetrics-text; version=1.0.0; q=0.9, text/plain", .openMetrics),
    ("application/openmetrics-text;q=0,text/plain", .prometheus),
  ])
  func `who names OpenMetrics gets it`(accept: String, format: Exposition) {
    #expect(Exposition(accepting: accept) == format)
  }

  @Test func `a metric's sample names are those of its lines`() {
    for family in families where !family.isEmpty {
      let text = Exposition.openMetrics.text([family])
      let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      #expect(Set(lines.map { $0.prefix { !"{ ".contains($0) } }) == Set(family.metric.sampleNames.map { $0[...] }))
    }
  }
}
