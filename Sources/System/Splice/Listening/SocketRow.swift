/// One row of /proc/net/tcp or tcp6: `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...`.
struct SocketRow {
  let local: Endpoint
  private let state: ArraySlice<UInt8>
  /// For a listener, the connections that wait to be accepted; for a connection, the bytes that wait to be read.
  let waiting: Int
  let inode: UInt64

  var isListener: Bool { state.elementsEqual("0A".utf8) }
  /// CLOSE_WAIT.
  var isUnclosed: Bool { state.elementsEqual("08".utf8) }

  /// Every row of a table that is about a listener or an unclosed connection.
  static func rows(of table: [UInt8]) -> [SocketRow] {
    table.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap(SocketRow.init)
  }

  private init?(_ row: ArraySlice<UInt8>) {
    let columns = row.split(separator: UInt8(ascii: " "), maxSplits: 10)
    guard columns.count > 9 else { return nil }
    state = columns[3]
    guard state.elementsEqual("0A".utf8) || state.elementsEqual("08".utf8) else { return nil }
    guard let local = Self.endpoint(columns[1]) else { return nil }
    self.local = local
    let queues = columns[4].split(separator: UInt8(ascii: ":"))
    waiting = queues.count == 2 ? Self.number(queues[1], radix: 16).map(Int.init) ?? 0 : 0
    inode = Self.number(columns[9], radix: 10) ?? 0
  }

  /// Whether a listener on this row's address would accept a connection to `endpoint`.
  func accepts(_ endpoint: Endpoint) -> Bool {
    guard local.port == endpoint.port else { return false }
    if local.address == endpoint.address { return true }
    let isDualStack = !local.address.isIPv4
    return local.address.isWildcard && (isDualStack || endpoint.address.isIPv4)
  }

  /// `0100007F:0FA1`, or the same with 32 digits: each word of four bytes is printed as a number of this machine's byte order.
  private static func endpoint(_ text: ArraySlice<UInt8>) -> Endpoint? {
    let parts = text.split(separator: UInt8(ascii: ":"))
    guard parts.count == 2, let port = number(parts[1], radix: 16) else { return nil }
    var words: [UInt32] = []
    var rest = parts[0]
    while rest.count >= 8, let word = number(rest.prefix(8), radix: 16) {
      words.append(UInt32(truncatingIfNeeded: word).bigEndian)
      rest = rest.dropFirst(8)
    }
    switch words.count {
    case 1: return Endpoint(IPAddress(v4: words[0]), UInt16(truncatingIfNeeded: port))
    case 4:
      let address = IPAddress(
        high: UInt64(words[0]) << 32 | UInt64(words[1]), low: UInt64(words[2]) << 32 | UInt64(words[3]))
      return Endpoint(address, UInt16(truncatingIfNeeded: port))
    default: return nil
    }
  }

  private static func number(_ text: ArraySlice<UInt8>, radix: Int) -> UInt64? {
    UInt64(String(decoding: text, as: UTF8.self), radix: radix)
  }
}
