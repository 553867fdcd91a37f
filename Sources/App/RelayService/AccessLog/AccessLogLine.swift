import Splice

/// The access log's lines: one JSON object each, with the names that Caddy's access log uses for the same things (`ts` in seconds since
/// 1970, `remote_ip`, `remote_port` as text, `duration` in seconds, `bytes_read` from the client, `size` sent to it).
enum AccessLogLine {
  /// A client has begun.
  static func opened(_ record: ConnectionRecord, route: String, upstream: Endpoint) -> [UInt8] {
    var line = start(record, route: route, upstream: upstream, message: "opened", at: record.acceptedAt)
    line += "}\n".utf8
    return line
  }

  /// A client is gone.
  static func closed(_ record: ConnectionRecord, route: String, upstream: Endpoint) -> [UInt8] {
    var line = start(
      record, route: route, upstream: upstream, message: "closed", at: record.acceptedAt + record.duration)
    line += ",\"duration\":".utf8
    line += decimal(record.duration, unit: 1_000_000_000, digits: 6).utf8
    line += ",\"bytes_read\":\(record.bytesFromClient),\"size\":\(record.bytesFromGateway)".utf8
    if let ending = record.ending {
      line += ",\"closed_by\":\"\(ending.by.rawValue)\",\"reason\":\"\(ending.reason.rawValue)\"".utf8
    }
    line += "}\n".utf8
    return line
  }

  /// Addresses, numbers and our own words need no escaping; a route's name is checked where it is configured.
  private static func start(
    _ record: ConnectionRecord, route: String, upstream: Endpoint, message: String, at time: UInt64
  ) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(384)
    line += "{\"level\":\"info\",\"ts\":".utf8
    line += decimal(time, unit: 1_000_000_000, digits: 6).utf8
    line += ",\"logger\":\"relay.access.\(route)\",\"msg\":\"\(message)\",\"id\":\(record.id)".utf8
    line += ",\"remote_ip\":\"\(record.peer.address)\",\"remote_port\":\"\(record.peer.port)\"".utf8
    line += ",\"upstream\":\"\(upstream)\"".utf8
    if let client = record.handshake.clientID { line += ",\"client_id\":\(client)".utf8 }
    if let version = record.handshake.clientVersion { line += ",\"client_version\":\(version)".utf8 }
    if let version = record.handshake.serverVersion { line += ",\"server_version\":\(version)".utf8 }
    return line
  }

  /// `value / unit` with so many digits after the point, cut and not rounded: exact, which a Double of today's time is not.
  static func decimal(_ value: UInt64, unit: UInt64, digits: Int) -> String {
    let fraction = String(value % unit)
    let width = String(unit).count - 1
    let padded = String(repeating: "0", count: width - fraction.count) + fraction
    return "\(value / unit).\(padded.prefix(digits))"
  }
}
