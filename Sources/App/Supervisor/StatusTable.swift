import Glibc
import Lifecycle

/// The status as a person reads it at a glance: first the gateways, then the services, then what comes next.
public enum StatusTable {
  /// The lines of the whole report.
  public static func lines(of report: StatusReport) -> [String] {
    let gateways = report.gateways.map { gateway in
      [gateway.mode, gateway.state, spoken(milliseconds: gateway.duration), logins(gateway), gateway.why]
    }
    let services = report.services.map { service in
      [
        service.name, word(for: service.state), spoken(milliseconds: service.duration), "\(service.restarts)",
        why(service),
      ]
    }
    return table([["GATEWAY", "STATE", "FOR", "LOGINS", "WHY"]] + gateways) + [""]
      + table([["SERVICE", "STATE", "FOR", "RESTARTS", "WHY"]] + services)
      + (report.nextEvents.isEmpty ? [] : [""] + report.nextEvents.map(line(for:)))
  }

  /// Columns as wide as their widest cell; the last one is free.
  private static func table(_ rows: [[String]]) -> [String] {
    let last = (rows.first?.count ?? 1) - 1
    let widths = (0..<last).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = (0..<last).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
      let line = (cells + [row[last]]).joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func logins(_ gateway: StatusReport.Gateway) -> String {
    let budget = gateway.budget
    let spent =
      budget.inDay == 0
      ? "" : ", charged \(budget.inHour)/\(budget.perHour) in an hour, \(budget.inDay)/\(budget.perDay) in a day"
    return "\(gateway.logins.completed)\(spent)"
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

  private static func line(for event: StatusReport.NextEvent) -> String {
    "in \(spoken(milliseconds: event.within)), \(localTime(event.at)): \(event.meaning)"
  }

  /// A time in the zone of `TZ`, such as `Sun 22 Nov 01:00 EST`.
  private static func localTime(_ wall: Int64) -> String {
    var seconds = time_t(wall / 1000)
    var local = tm()
    localtime_r(&seconds, &local)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, "%a %e %b %H:%M %Z", &local)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
