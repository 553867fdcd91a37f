import CLinux
import Glibc

/// One TCP socket that listens or that its program has not closed, as the kernel tells it.
struct SocketRow: Sendable, Equatable {
  let local: Endpoint
  /// One of the kernel's numbers for TCP's states.
  private let state: UInt8
  /// For a listener, the connections that wait to be accepted; for a connection, the bytes that wait to be read.
  let waiting: Int
  let inode: UInt64

  var isListener: Bool { state == CLINUX_TCP_LISTEN }
  /// Its peer has ended it, and its program has not.
  var isUnclosed: Bool { state == CLINUX_TCP_CLOSE_WAIT }

  /// Whether a listener on this address would accept a connection to `endpoint`. One on `::` takes IPv4 too, as Java's do.
  func accepts(_ endpoint: Endpoint) -> Bool {
    guard local.port == endpoint.port else { return false }
    if local.address == endpoint.address { return true }
    let isDualStack = !local.address.isIPv4
    return local.address.isWildcard && (isDualStack || endpoint.address.isIPv4)
  }
}

/// By the kernel's socket diagnosis.
extension SocketRow {
  /// The most sockets that are looked at. A listener comes before all connections, and beyond that the number is large enough.
  private static let capacity: Int32 = 256

  /// The sockets of a port, of all ports for 0; nil where the kernel does not answer.
  static func diagnosed(port: UInt16, withUnclosed: Bool) -> [SocketRow]? {
    let states: UInt32 = 1 << UInt32(CLINUX_TCP_LISTEN) | (withUnclosed ? 1 << UInt32(CLINUX_TCP_CLOSE_WAIT) : 0)
    guard let four = diagnosed(AF_INET, port: port, states) else { return nil }
    if let six = diagnosed(AF_INET6, port: port, states) { return four + six }
    // A machine without IPv6 has no such sockets. With any other failure something may be missing.
    return errno == ENOENT || errno == EAFNOSUPPORT ? four : nil
  }

  private static func diagnosed(_ family: Int32, port: UInt16, _ states: UInt32) -> [SocketRow]? {
    withUnsafeTemporaryAllocation(of: clinux_tcp_socket.self, capacity: Int(capacity)) { sockets in
      let count = clinux_tcp_sockets(family, port, states, sockets.baseAddress, capacity)
      guard count >= 0 else { return nil }
      return sockets.prefix(Int(min(count, capacity))).map { SocketRow($0, family: family) }
    }
  }

  private init(_ socket: clinux_tcp_socket, family: Int32) {
    let address = withUnsafeBytes(of: socket.address) { bytes in
      let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
      return family == AF_INET
        ? IPAddress(v4: UInt32(truncatingIfNeeded: high >> 32))
        : IPAddress(high: high, low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
    self.init(
      local: Endpoint(address, socket.port), state: socket.state, waiting: Int(socket.waiting),
      inode: UInt64(socket.inode))
  }
}

/// By /proc/net/tcp and tcp6:
/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...`.
extension SocketRow {
  /// Every row of a table that is about a listener or an unclosed connection.
  static func rows(of table: [UInt8]) -> [SocketRow] {
    table.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { SocketRow($0) }
  }

  private init?(_ row: ArraySlice<UInt8>) {
    let columns = row.split(separator: UInt8(ascii: " "), maxSplits: 10)
    guard columns.count > 9, let state = Self.number(columns[3], radix: 16) else { return nil }
    guard state == CLINUX_TCP_LISTEN || state == CLINUX_TCP_CLOSE_WAIT else { return nil }
    guard let local = Self.endpoint(columns[1]) else { return nil }
    let queues = columns[4].split(separator: UInt8(ascii: ":"))
    let waiting = queues.count == 2 ? Self.number(queues[1], radix: 16) : nil
    self.init(
      local: local, state: UInt8(state), waiting: Int(clamping: waiting ?? 0),
      inode: Self.number(columns[9], radix: 10) ?? 0)
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
