import Glibc

/// Who listens in this network namespace, as the kernel tells it: without connecting, so that looking costs a gateway nothing.
///
/// The kernel is asked by its socket diagnosis, in some microseconds. Where it answers no such question, as in some sandboxes, its
/// tables in /proc/net are read, which takes milliseconds.
public enum ListenTable {
  /// What the kernel tells of one endpoint.
  public enum Look: Sendable, Hashable {
    /// It does not tell, as in a sandbox without /proc.
    case unreadable
    /// No socket listens that would accept a connection to it.
    case absent
    /// One does.
    case present(Listener)
  }

  /// A listening socket.
  public struct Listener: Sendable, Hashable {
    /// The socket's number in the kernel. Another one means that the listener has been opened anew.
    public var inode: UInt64
    /// Connections that are established and wait for the program to accept them.
    public var waiting: Int
    /// Connections that clients have ended and the program has not closed (CLOSE_WAIT); nil where they were not counted.
    public var unclosed: Int?

    /// A listener as a look has found it.
    public init(inode: UInt64, waiting: Int = 0, unclosed: Int? = nil) {
      self.inode = inode
      self.waiting = waiting
      self.unclosed = unclosed
    }
  }

  /// Whether a socket listens that would accept a connection to `endpoint`. Nil when the kernel does not tell.
  public static func listens(_ endpoint: Endpoint) -> Bool? {
    switch look(at: endpoint) {
    case .unreadable: nil
    case .absent: false
    case .present: true
    }
  }

  /// Looks at the listener of `endpoint`. Counting what is unclosed takes longer, so it is only for when the number matters.
  public static func look(at endpoint: Endpoint, countsUnclosed: Bool = false) -> Look {
    if let rows = SocketRow.diagnosed(port: endpoint.port, withUnclosed: countsUnclosed) {
      return look(at: endpoint, in: rows, countsUnclosed: countsUnclosed)
    }
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { read($0, whole: countsUnclosed) }
    if tables.isEmpty { return .unreadable }
    return look(at: endpoint, in: tables.flatMap(SocketRow.rows), countsUnclosed: countsUnclosed)
  }

  /// The ports on which something listens, on whatever address. What the kernel does not tell holds none.
  ///
  /// - Parameter proc: where its tables are; those of another place than /proc are read as files.
  public static func ports(proc: String = "/proc") -> Set<UInt16> {
    let diagnosed = proc == "/proc" ? SocketRow.diagnosed(port: 0, withUnclosed: false) : nil
    let rows =
      diagnosed ?? ["tcp", "tcp6"].compactMap { read("\(proc)/net/\($0)", whole: false) }.flatMap(SocketRow.rows)
    return Set(rows.filter(\.isListener).map(\.local.port))
  }

  /// What some rows tell of `endpoint`.
  static func look(at endpoint: Endpoint, in rows: [SocketRow], countsUnclosed: Bool) -> Look {
    var found: Listener?
    var unclosed = 0
    for row in rows {
      if row.isListener && row.accepts(endpoint) {
        let waiting = (found?.waiting ?? 0) + row.waiting
        found = Listener(inode: max(found?.inode ?? 0, row.inode), waiting: waiting)
      } else if row.isUnclosed && row.local.port == endpoint.port {
        unclosed += 1
      }
    }
    guard var found else { return .absent }
    if countsUnclosed { found.unclosed = unclosed }
    return .present(found)
  }

  /// Whether a row of the table is a listener that would accept a connection to `endpoint`: on that port, and on its address or
  /// on all. One on `::` takes IPv4 too, as Java's do.
  static func listens(_ endpoint: Endpoint, in table: [UInt8]) -> Bool {
    look(at: endpoint, in: SocketRow.rows(of: table), countsUnclosed: false) != .absent
  }

  /// A table; its listeners alone unless the `whole` is wanted. The kernel lists them before all connections, so reading stops where
  /// those begin: a machine with thousands of connections costs no more than an idle one.
  private static func read(_ path: String, whole: Bool) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var table: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return table }
      table += chunk[..<count]
      if !whole && hasConnection(chunk[..<count]) { return table }
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
