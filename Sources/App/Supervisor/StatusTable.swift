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
      + (report.tailnet.map { [""] + tailnet($0) } ?? [])
      + (report.nextEvents.isEmpty ? [] : [""] + report.nextEvents.map(line(for:)))
  }

  /// The tailnet in one row; its name and addresses stand where there is nothing to say against it.
  private static func tailnet(_ tailnet: StatusReport.Tailnet) -> [String] {
    let who = ([tailnet.name].compactMap(\.self) + tailnet.addresses).joined(separator: " ")
    let why = [who, tailnet.why].filter { !$0.isEmpty }.joined(separator: "; ")
    return table([
      ["TAILNET", "STATE", "FOR", "WHY"], [tailnet.mode, tailnet.state, spoken(milliseconds: tailnet.duration), why],
    ])
  }

  /// Everything that is known of the tailnet, a line for each thing.
  public static func lines(of tailnet: StatusReport.Tailnet) -> [String] {
    func line(_ title: String, _ text: String?) -> String? {
      guard let text, !text.isEmpty else { return nil }
      return title + String(repeating: " ", count: max(1, 12 - title.count)) + text
    }
    let how = [tailnet.mode, tailnet.tun].compactMap(\.self).joined(separator: ", ")
    return [
      line("state", "\(tailnet.state) for \(spoken(milliseconds: tailnet.duration))"), line("why", tailnet.why),
      line("open", tailnet.loginURL), line("node", how), line("name", tailnet.name),
      line("addresses", tailnet.addresses.joined(separator: " ")),
      line("key expires", tailnet.keyExpiry.map(localDate) ?? (tailnet.addresses.isEmpty ? nil : "never")),
      line("peers", tailnet.peers.map { "\($0)" }), line("guard", tailnet.guard), line("serves", tailnet.serve),
    ].compactMap(\.self) + tailnet.health.compactMap { line("health", $0) }
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
  private static func localTime(_ wall: Int64) -> String { formatted(wall, "%a %e %b %H:%M %Z") }

  /// A time in the zone of `TZ` that may be months away, such as `2027-05-20 02:35 EST`.
  private static func localDate(_ wall: Int64) -> String { formatted(wall, "%Y-%m-%d %H:%M %Z") }

  private static func formatted(_ wall: Int64, _ format: String) -> String {
    var seconds = time_t(wall / 1000)
    var local = tm()
    localtime_r(&seconds, &local)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &local)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
