import Callers
import Splice

/// Writes the access log's lines: one JSON object each, with the names that Caddy's access log uses for the same things (`ts` in seconds
/// since 1970, `remote_ip`, `remote_port` as text, `duration` in seconds, `bytes_read` from the client, `size` sent to it, `user_id` for
/// the login name). Of a node of the tailnet there are `node`, `tailnet_ip` and, where it has some, `tags` too; who is no such node has
/// `local` for its `user_id`, and of whom nobody can tell there is none.
///
/// Two lines for each connection are most of what the control plane does, so they are put together from bytes, and what is the same in
/// all of a route's lines is made once. Addresses, numbers and our own words need no escaping; a route's name is checked where it is
/// configured.
struct AccessLogFormat: Sendable {
  private let opened: [UInt8]
  private let closed: [UInt8]
  private let upstream: [UInt8]

  /// The lines of one route.
  init(route: String, upstream: Endpoint) {
    let start = ",\"logger\":\"relay.access.\(route)\",\"msg\":"
    opened = Array("\(start)\"opened\",\"id\":".utf8)
    closed = Array("\(start)\"closed\",\"id\":".utf8)
    self.upstream = Array("\",\"upstream\":\"\(upstream)\"".utf8)
  }

  /// Appends that a client has begun.
  func appendOpened(_ record: ConnectionRecord, _ caller: Caller? = nil, to lines: inout [UInt8]) {
    appendStart(record, at: record.acceptedAt, opened, to: &lines)
    append(caller, to: &lines)
    append("}\n", to: &lines)
  }

  /// Appends that a client is gone.
  func appendClosed(_ record: ConnectionRecord, _ caller: Caller? = nil, to lines: inout [UInt8]) {
    appendStart(record, at: record.acceptedAt + record.duration, closed, to: &lines)
    append(caller, to: &lines)
    append(",\"duration\":", to: &lines)
    Self.appendSeconds(record.duration, to: &lines)
    append(",\"bytes_read\":", record.bytesFromClient, to: &lines)
    append(",\"size\":", record.bytesFromGateway, to: &lines)
    if let ending = record.ending {
      append(",\"closed_by\":\"", to: &lines)
      lines += ending.by.rawValue.utf8
      append("\",\"reason\":\"", to: &lines)
      lines += ending.reason.rawValue.utf8
      append("\"", to: &lines)
    }
    append("}\n", to: &lines)
  }

  private func appendStart(_ record: ConnectionRecord, at time: UInt64, _ kind: [UInt8], to lines: inout [UInt8]) {
    append("{\"level\":\"info\",\"ts\":", to: &lines)
    Self.appendSeconds(time, to: &lines)
    lines += kind
    Self.append(record.id, to: &lines)
    append(",\"remote_ip\":\"", to: &lines)
    appendAddress(record.peer.address, to: &lines)
    append("\",\"remote_port\":\"", UInt64(record.peer.port), to: &lines)
    lines += upstream
    appendKnown(",\"client_id\":", record.handshake.clientID, to: &lines)
    appendKnown(",\"client_version\":", record.handshake.clientVersion, to: &lines)
    appendKnown(",\"server_version\":", record.handshake.serverVersion, to: &lines)
  }

  private func append(_ caller: Caller?, to lines: inout [UInt8]) {
    switch caller {
    case nil, .unknown: break
    case .local: append(",\"user_id\":\"local\"", to: &lines)
    case .peer(let peer):
      append(",\"user_id\":\"", to: &lines)
      Self.appendEscaped(peer.login, to: &lines)
      append("\",\"node\":\"", to: &lines)
      Self.appendEscaped(peer.node, to: &lines)
      append("\",\"tailnet_ip\":\"", to: &lines)
      Self.appendEscaped(peer.address, to: &lines)
      append("\"", to: &lines)
      guard !peer.tags.isEmpty else { return }
      append(",\"tags\":[", to: &lines)
      for (index, tag) in peer.tags.enumerated() {
        append(index == 0 ? "\"" : ",\"", to: &lines)
        Self.appendEscaped(tag, to: &lines)
        append("\"", to: &lines)
      }
      append("]", to: &lines)
    }
  }

  /// The inside of a JSON string, for what others have named.
  static func appendEscaped(_ text: String, to lines: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): lines += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        lines += "\\u00".utf8
        lines += [0x30 + byte >> 4, Array("0123456789abcdef".utf8)[Int(byte & 15)]]
      default: lines.append(byte)
      }
    }
  }

  private func appendAddress(_ address: IPAddress, to lines: inout [UInt8]) {
    guard address.isIPv4 else {
      lines += address.description.utf8
      return
    }
    for shift in stride(from: 24, through: 0, by: -8) {
      Self.append(address.low >> UInt64(shift) & 0xff, to: &lines)
      if shift > 0 { lines.append(UInt8(ascii: ".")) }
    }
  }

  private func appendKnown(_ name: StaticString, _ value: Int?, to lines: inout [UInt8]) {
    guard let value else { return }
    append(name, to: &lines)
    if value < 0 { lines.append(UInt8(ascii: "-")) }
    Self.append(UInt64(value.magnitude), to: &lines)
  }

  private func append(_ text: StaticString, _ value: UInt64, to lines: inout [UInt8]) {
    append(text, to: &lines)
    Self.append(value, to: &lines)
  }

  private func append(_ text: StaticString, to lines: inout [UInt8]) {
    lines += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  /// Nanoseconds as seconds with six digits, cut and not rounded: exact, which a Double of today's time is not.
  static func appendSeconds(_ nanoseconds: UInt64, to lines: inout [UInt8]) {
    append(nanoseconds / 1_000_000_000, to: &lines)
    lines.append(UInt8(ascii: "."))
    append(nanoseconds % 1_000_000_000 / 1000, digits: 6, to: &lines)
  }

  /// A number in decimal, with zeros in front up to so many digits.
  private static func append(_ value: UInt64, digits: Int = 1, to lines: inout [UInt8]) {
    let start = lines.count
    var rest = value
    while rest > 0 || lines.count < start + digits {
      lines.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    lines[start...].reverse()
  }
}
