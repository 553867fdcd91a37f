import Lifecycle

/// The status as a person reads it at a glance.
public enum StatusTable {
  /// A heading and a line for each service: its name, state, for how long, restarts and why.
  public static func lines(of report: StatusReport) -> [String] {
    let heading = [["SERVICE", "STATE", "FOR", "RESTARTS", "WHY"]]
    let rows =
      heading
      + report.services.map { service in
        [
          service.name, word(for: service.state), spoken(milliseconds: service.duration), "\(service.restarts)",
          why(service),
        ]
      }
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = (0..<4).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
      let line = (cells + [row[4]]).joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// A service's state in words.
  private static func word(for state: String) -> String {
    switch ServiceState(rawValue: state) {
    case .backingOff: "backing off"
    case .some(let known): known.rawValue
    case nil: state
    }
  }

  private static func why(_ service: StatusReport.Service) -> String {
    guard let nextTry = service.nextTry else { return service.why }
    return "\(service.why); next try in \(spoken(milliseconds: nextTry))"
  }
}
