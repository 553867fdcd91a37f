import Glibc

/// Who listens in this network namespace, as the kernel tells it in /proc/net/tcp and tcp6: without connecting, so that looking costs a
/// gateway nothing.
public enum ListenTable {
  /// Whether a socket listens that would accept a connection to `endpoint`. Nil when the tables cannot be read, which a container
  /// without /proc may have.
  public static func listens(_ endpoint: Endpoint) -> Bool? {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap(read)
    if tables.isEmpty { return nil }
    return tables.contains { listens(endpoint, in: $0) }
  }

  /// Whether a row of the table is a listener that would accept a connection to `endpoint`: on that port, and on its address or
  /// on all. One on `::` takes IPv4 too, as Java's do.
  static func listens(_ endpoint: Endpoint, in table: [UInt8]) -> Bool {
    for row in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let columns = row.split(separator: UInt8(ascii: " "), maxSplits: 4)
      guard columns.count > 3, columns[3].elementsEqual("0A".utf8) else { continue }
      guard let local = self.endpoint(columns[1]), local.port == endpoint.port else { continue }
      let isDualStack = !local.address.isIPv4
      if local.address == endpoint.address { return true }
      if local.address.isWildcard && (isDualStack || endpoint.address.isIPv4) { return true }
    }
    return false
  }

  /// `0100007F:0FA1`, or the same with 32 digits: each word of four bytes is printed as a number of this machine's byte order.
  private static func endpoint(_ text: ArraySlice<UInt8>) -> Endpoint? {
    let parts = text.split(separator: UInt8(ascii: ":"))
    guard parts.count == 2, let port = number(parts[1]) else { return nil }
    var words: [UInt32] = []
    var rest = parts[0]
    while rest.count >= 8, let word = number(rest.prefix(8)) {
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

  private static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
    UInt64(String(decoding: text, as: UTF8.self), radix: 16)
  }

  /// The table's listeners. The kernel lists them before all connections, so reading stops where those begin: a machine with
  /// thousands of connections costs no more than an idle one.
  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var table: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return table }
      table += chunk[..<count]
      if hasConnection(chunk[..<count]) { return table }
    }
  }

  private static func hasConnection(_ rows: ArraySlice<UInt8>) -> Bool {
    guard rows.last == UInt8(ascii: "\n"), let last = rows.split(separator: UInt8(ascii: "\n")).last else {
      return false
    }
    let columns = last.split(separator: UInt8(ascii: " "), maxSplits: 4)
    return columns.count > 3 && !columns[3].elementsEqual("0A".utf8) && !columns[3].elementsEqual("st".utf8)
  }
}
