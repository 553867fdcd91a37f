/// The processes of ours that are asked, each on its own socket in the run directory. The raw value is the socket's name and the
/// `source` of ``ScrapeMetrics``.
enum Peer: String, Sendable, CaseIterable {
  case supervisor
  case relay
  case probe

  func socket(in runDirectory: String) -> String { "\(runDirectory)/\(rawValue).sock" }
}
