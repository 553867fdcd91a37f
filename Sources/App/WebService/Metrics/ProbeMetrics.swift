import GatewayProbe
import Lifecycle
import Metrics
import Splice

/// The probe's own work, gateway by gateway. What it saw last is ``GatewayMetrics/observation``.
enum ProbeMetrics {
  static let checks = Metric(
    "ibgw_probe_checks", .counter, labels: ["mode"], help: "Checks that were begun, each as a new client would connect."
  )
  static let questions = Metric(
    "ibgw_probe_questions", .counter, labels: ["mode"], help: "Questions that were put on the probe's kept connection.")
  static let failures = Metric(
    "ibgw_probe_failures", .counter, labels: ["mode", "observation"],
    help: "Checks and questions that failed, by what was seen.")
  static let handshakes = Metric(
    "ibgw_probe_handshake_duration_seconds", .histogram, unit: "seconds", labels: ["mode"],
    help: "How long answered checks took, from the connect to the answer of the first question.")
  static let answers = Metric(
    "ibgw_probe_answer_duration_seconds", .histogram, unit: "seconds", labels: ["mode"],
    help: "How long answered questions on the kept connection took.")
  static let failing = Metric(
    "ibgw_probe_consecutive_failures", .gauge, labels: ["mode"],
    help: "Checks that have failed in a row; below 3 a fault is only suspected.")
  static let queue = Metric(
    "ibgw_probe_accept_queue", .gauge, labels: ["mode"],
    help: "Connections that the gateway has not accepted yet; missing while it does not listen.")
  static let unclosed = Metric(
    "ibgw_probe_unclosed_connections", .gauge, labels: ["mode"],
    help: "Connections that the probe has ended and the gateway has not.")
  static let suspended = Metric(
    "ibgw_probe_suspended", .gauge, labels: ["mode"],
    help: "Whether nothing is asked because a restart is known to be under way.")

  static let all = [checks, questions, failures, handshakes, answers, failing, queue, unclosed, suspended]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var (checks, questions, failures) = (MetricFamily(checks), MetricFamily(questions), MetricFamily(failures))
    var (handshakes, answers) = (MetricFamily(handshakes), MetricFamily(answers))
    var (failing, queue) = (MetricFamily(failing), MetricFamily(queue))
    var (unclosed, suspended) = (MetricFamily(unclosed), MetricFamily(suspended))
    for gateway in snapshot.probe ?? [] {
      let (mode, statistics) = (gateway.mode.rawValue, gateway.statistics)
      checks.add(Double(statistics.checks), mode)
      questions.add(Double(statistics.questions), mode)
      for observation in APIObservation.allCases where observation != .serving {
        failures.add(Double(statistics.failures[observation.rawValue] ?? 0), mode, observation.rawValue)
      }
      handshakes.add(statistics.handshakes, mode)
      answers.add(statistics.answers, mode)
      failing.add(Double(gateway.failures), mode)
      if let waiting = gateway.waiting { queue.add(Double(waiting), mode) }
      unclosed.add(Double(gateway.unclosed), mode)
      suspended.add(gateway.isSuspended ? 1 : 0, mode)
    }
    return [checks, questions, failures, handshakes, answers, failing, queue, unclosed, suspended]
  }
}

extension MetricFamily {
  /// Adds a histogram with one label.
  mutating func add(_ histogram: Histogram, _ label: String) {
    add(bounds: histogram.bounds, counts: histogram.counts, count: histogram.count, sum: histogram.sum, label)
  }
}
