import Lifecycle

/// The clients as a person reads them at a glance.
public enum ClientTable {
  /// A heading and a line for each client; without any, one line that says so.
  public static func lines(of clients: [ClientReport]) -> [String] {
    if clients.isEmpty { return ["no client is connected"] }
    // Without a tailnet nobody has a name, and no column is wasted on it.
    let named = clients.contains { $0.caller != nil }
    let heading =
      ["ID", "ROUTE"] + (named ? ["WHO"] : []) + [
        "CLIENT", "CLIENT ID", "API", "FOR", "FROM CLIENT", "TO CLIENT", "ROUND TRIP", "SENT AGAIN",
      ]
    let rows = [heading] + clients.sorted { $0.id < $1.id }.map { row($0, named: named) }
    let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func row(_ client: ClientReport, named: Bool) -> [String] {
    let address = client.remoteIP.contains(":") ? "[\(client.remoteIP)]" : client.remoteIP
    let who = named ? [client.caller?.summary ?? "unknown"] : []
    return ["\(client.id)", client.route] + who + [
      "\(address):\(client.remotePort)", client.clientID.map(String.init) ?? "-",
      (client.serverVersion ?? client.clientVersion).map(String.init) ?? "-",
      spoken(milliseconds: Int64(min(max(client.duration, 0), 1e15) * 1000)),
      "\(size(Double(client.bytesRead))), \(size(client.readRate))/s",
      "\(size(Double(client.size))), \(size(client.sendRate))/s",
      duration(microseconds: client.clientLeg.roundTrip), "\(client.clientLeg.retransmitted)",
    ]
  }

  /// `312 B`, `4.7 kB`, `31 MB`: decimal units, with a tenth below ten.
  static func size(_ bytes: Double) -> String {
    // What an answer claims is bounded by what can be written out.
    var value = min(max(bytes, 0), 1e30)
    var unit = "B"
    for larger in ["kB", "MB", "GB", "TB"] where value >= 999.5 {
      value /= 1000
      unit = larger
    }
    return unit == "B" ? "\(Int(value.rounded())) B" : "\(short(value)) \(unit)"
  }

  private static func duration(microseconds: UInt32) -> String {
    microseconds < 1000 ? "\(microseconds) us" : "\(short(Double(microseconds) / 1000)) ms"
  }

  private static func short(_ value: Double) -> String {
    guard value < 9.95 else { return "\(Int(value.rounded()))" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
