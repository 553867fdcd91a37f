import Splice

/// What the probe of one gateway has done since it started, for the metrics.
public struct ProbeStatistics: Sendable, Equatable, Codable {
  /// Checks that were begun: each is a new client's handshake.
  public internal(set) var checks = 0
  /// Questions that were put on the kept connection.
  public internal(set) var questions = 0
  /// Failures of both, by what was seen: the raw values of `APIObservation`.
  public internal(set) var failures: [String: Int] = [:]
  /// How long answered checks took, from the connect to the answer of the first question, in seconds.
  public internal(set) var handshakes = Histogram(bounds: ProbeStatistics.bounds)
  /// How long answered questions took, in seconds.
  public internal(set) var answers = Histogram(bounds: ProbeStatistics.bounds)

  private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}
