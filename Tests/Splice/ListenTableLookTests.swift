import CLinux
import Glibc
import Testing

@testable import Splice

/// A listening socket and clients of it, each of which waits until it is accepted.
private final class Queue {
  let listener: Int32
  let endpoint: Endpoint
  private(set) var clients: [Int32] = []
  private var accepted: [Int32] = []

  init(_ text: String = "127.0.0.1:0") throws {
    let wanted = try #require(Endpoint(text))
    listener = clinux_tcp_socket(wanted.family)
    var address = wanted.system
    try #require(clinux_bind(listener, &address) == 0)
    try #require(listen(listener, 50) == 0)
    endpoint = try #require(ListeningSocket.endpoint(of: listener))
  }

  func connect() throws {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = try #require(Endpoint("127.0.0.1:\(endpoint.port)")).system
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    clients.append(client)
  }

  func accept() {
    accepted.append(Glibc.accept(listener, nil, nil))
  }

  deinit { for descriptor in [listener] + clients + accepted { close(descriptor) } }
}

@Suite struct ListenTableLookTests {
  private func look(_ endpoint: Endpoint) -> ListenTable.Listener? {
    if case .present(let listener) = ListenTable.look(at: endpoint, countsUnclosed: true) { listener } else { nil }
  }

  @Test(arguments: ["127.0.0.1:0", "[::]:0"])
  func `connections that wait to be accepted are counted`(address: String) throws {
    let queue = try Queue(address)
    #expect(look(queue.endpoint)?.waiting == 0)
    for _ in 0..<3 { try queue.connect() }
    #expect(look(queue.endpoint)?.waiting == 3)
    queue.accept()
    #expect(look(queue.endpoint)?.waiting == 2)
  }

  @Test func `connections that only their client has ended are counted`() throws {
    let queue = try Queue()
    for _ in 0..<3 { try queue.connect() }
    queue.accept()
    #expect(look(queue.endpoint)?.unclosed == 0)
    for client in queue.clients.prefix(2) { shutdown(client, Int32(SHUT_WR)) }
    #expect(look(queue.endpoint)?.unclosed == 2)
  }

  @Test func `a listener that was opened anew has another number`() throws {
    let (first, second) = (try Queue(), try Queue())
    #expect(look(first.endpoint)?.inode != look(second.endpoint)?.inode)
    #expect(try #require(look(first.endpoint)).inode != 0)
  }

  @Test(arguments: ["127.0.0.1:0", "[::]:0", "[::1]:0"])
  func `the kernel's diagnosis and its tables tell the same`(address: String) throws {
    let queue = try Queue(address)
    if address != "[::1]:0" {
      for _ in 0..<3 { try queue.connect() }
      queue.accept()
      shutdown(queue.clients[0], Int32(SHUT_WR))
      shutdown(queue.clients[1], Int32(SHUT_WR))
    }
    let port = queue.endpoint.port
    let told = try #require(SocketRow.diagnosed(port: port, withUnclosed: true))
    let read = try ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
      SocketRow.rows(of: try Self.contents(path)).filter { $0.local.port == port }
    }
    #expect(told.count == read.count)
    for row in told { #expect(read.contains(row)) }
  }

  private static func contents(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return bytes
  }
}
