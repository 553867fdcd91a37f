import CLinux
import Glibc
import Synchronization
import Testing

@testable import Splice

/// The relay on real sockets of this machine.
@Suite struct RelayTests {
  @Test func `what is sent arrives, each way`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    for size in [1, 64, 4096, 65_536, 300_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      client.send(bytes)
      #expect(client.receive(exactly: size) == bytes)
    }
    client.close()
    let record = try #require(relay.closed())
    #expect(record.bytesFromClient == UInt64(TestRelay.hello.count + 1 + 64 + 4096 + 65_536 + 300_000))
    #expect(record.bytesFromGateway == record.bytesFromClient)
    #expect(record.ending == Ending(by: .client, reason: .closed))
    #expect(record.handshake.clientVersion == 187)
  }

  @Test("a client that ends its stream still gets the answer", arguments: TransferChoice.allCases)
  func halfClose(transfer: TransferChoice) throws {
    let gateway = try TestGateway { connection in
      let request = connection.receiveToEnd() ?? []
      connection.send(Array(repeating: 7, count: 1_000_000) + [UInt8(truncatingIfNeeded: request.count)])
      connection.close()
    }
    let relay = try TestRelay(to: gateway.endpoint) { $0.transfer = transfer }
    let client = try relay.client()
    client.send(Array(repeating: 1, count: 500_000))
    client.endStream()
    let answer = try #require(client.receiveToEnd())
    #expect(answer.count == 1_000_001)
    #expect(answer.last == UInt8(truncatingIfNeeded: 500_000 + TestRelay.hello.count))
  }

  @Test func `a gateway that ends its stream still gets the client's bytes`() throws {
    let received = TestAnswer<Int>()
    let gateway = try TestGateway { connection in
      connection.endStream()
      received.give(connection.receiveToEnd()?.count ?? -1)
      connection.close()
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.receiveToEnd() == [])
    client.send(Array(repeating: 9, count: 200_000))
    client.close()
    #expect(received.wait() == 200_000 + TestRelay.hello.count)
    #expect(relay.closed()?.ending == Ending(by: .gateway, reason: .closed))
  }

  @Test func `a client's reset reaches the gateway as a reset`() throws {
    let error = TestAnswer<Int32>()
    let gateway = try TestGateway { connection in
      connection.send(connection.receive() ?? [])
      error.give(connection.failure())
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    client.reset()
    #expect(error.wait() == ECONNRESET)
    #expect(relay.closed()?.ending == Ending(by: .client, reason: .reset))
  }

  @Test func `a gateway's last words arrive before its reset`() throws {
    let gateway = try TestGateway { connection in
      _ = connection.receive()
      connection.send(Array(repeating: 5, count: 30_000))
      connection.reset()
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.receive(exactly: 30_000).count == 30_000)
    #expect(client.failure() == ECONNRESET)
    #expect(relay.closed()?.ending == Ending(by: .gateway, reason: .reset))
  }

  @Test func `a gateway that resets a half-closed connection ends it`() throws {
    let ended = TestBell()
    let gateway = try TestGateway { connection in
      connection.endStream()
      _ = connection.receive()
      _ = ended.wait(after: 0, until: time(nil) + 10)
      connection.reset()
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.receiveToEnd() == [])
    ended.ring()
    #expect(relay.closed()?.ending == Ending(by: .gateway, reason: .closed))
    client.send([1])
    #expect(client.failure() == ECONNRESET)
  }

  @Test(
    "who is no API client never reaches the gateway",
    arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "API!", "B"])
  func foreign(text: String) throws {
    let dialled = Mutex(false)
    let gateway = try TestGateway { _ in dialled.withLock { $0 = true } }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try TestConnection(to: relay.endpoint)
    client.send(Array(text.utf8))
    #expect(client.failure() == ECONNRESET)
    #expect(relay.refusal() == .notTheAPI)
    #expect(!dialled.withLock { $0 })
  }

  @Test func `who leaves without a word is counted, and the gateway is not dialled`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    try TestConnection(to: relay.endpoint).close()
    #expect(relay.refusal() == .left)
    let half = try TestConnection(to: relay.endpoint)
    half.send(Array("AP".utf8))
    half.endStream()
    #expect(half.receive()?.isEmpty != false)
    let counters = try #require(relay.snapshot()).routes[0]
    #expect(counters.refused == ["left": 2])
    #expect(counters.relayed == 0)
    #expect(counters.waiting == 0)
  }

  @Test func `a client that says nothing is turned away in time`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) { $0.helloTimeout = 0.3 }
    let silent = try TestConnection(to: relay.endpoint)
    let slow = try TestConnection(to: relay.endpoint)
    slow.send(Array("AP".utf8))
    #expect(silent.failure() == ECONNRESET)
    #expect(slow.failure() == ECONNRESET)
    #expect(relay.refusal() == .silent)
  }

  @Test func `a hello may come byte by byte`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try TestConnection(to: relay.endpoint)
    for byte in TestRelay.hello { client.send([byte]) }
    #expect(client.receive(exactly: TestRelay.hello.count) == TestRelay.hello)
  }

  @Test func `without the check anything is relayed from its first byte on`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) { $0.checksHello = false }
    let client = try TestConnection(to: relay.endpoint)
    client.send([1])
    #expect(client.receive(exactly: 1) == [1])
    let opened = relay.event { if case .opened(let record) = $0 { record } else { nil } }
    #expect(opened?.handshake == Handshake())
  }

  @Test func `a gateway that is down is told to the client by a reset`() throws {
    let gateway = try TestGateway.echo()
    gateway.close()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.failure() == ECONNRESET)
    #expect(relay.refusal() == .gatewayRefused)
    #expect(relay.snapshot()?.routes[0].open == 0)
  }

  @Test func `a gateway whose queue is full is given up in time`() throws {
    // A listener that nobody accepts on, with a queue of one, which is full.
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Endpoint(IPAddress(v4: 0x7f00_0001), 0).system
    #expect(clinux_bind(listener, &address) == 0)
    #expect(listen(listener, 0) == 0)
    defer { close(listener) }
    let endpoint = try #require(ListeningSocket.endpoint(of: listener))
    let filler = try TestConnection(to: endpoint)
    let relay = try TestRelay(to: endpoint) { $0.dialTimeout = 0.3 }
    let client = try relay.client()
    #expect(client.failure() == ECONNRESET)
    #expect(relay.refusal() == .gatewayTimeout)
    filler.close()
  }

  @Test func `clients beyond the limit are refused, and one that leaves makes place`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) { $0.clients = 2 }
    let first = try relay.answeredClient()
    let second = try relay.answeredClient()
    let third = try relay.client()
    #expect(third.failure() == ECONNRESET)
    #expect(relay.refusal() == .tooManyClients)
    first.close()
    _ = relay.closed()
    let fourth = try relay.answeredClient()
    #expect(relay.snapshot()?.routes[0].open == 2)
    withExtendedLifetime((second, fourth)) {}
  }

  @Test func `connections that say nothing do not take the place of clients`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) {
      $0.clients = 1
      $0.waiting = 3
    }
    let silent = try (0..<2).map { _ in try TestConnection(to: relay.endpoint) }
    let client = try relay.answeredClient()
    let more = try (0..<4).map { _ in try TestConnection(to: relay.endpoint) }
    #expect(relay.refusal() != nil)
    withExtendedLifetime((silent, client, more)) {}
  }

  @Test func `who is not in the allow-list is refused`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) { $0.allowed = [AddressRange("10.0.0.0/8")].compactMap(\.self) }
    let client = try relay.client()
    #expect(client.failure() == ECONNRESET)
    #expect(relay.refusal() == .notAllowed)
  }

  @Test func `a change of the allow-list cuts who is not on it any more`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    relay.relay.allow([AddressRange("10.0.0.0/8")].compactMap(\.self))
    #expect(client.receiveToEnd() == [])
    client.close()
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .notAllowed))
    relay.relay.allow(AddressRange.loopbackAndPrivate)
    _ = try relay.answeredClient()
  }

  @Test func `a kicked client gets the regular end of its stream`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    let id = try #require(relay.snapshot()?.connections.first).record.id
    #expect(relay.kick(id + 1) == false)
    #expect(relay.kick(id) == true)
    #expect(client.receiveToEnd() == [])
    client.close()
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .kicked))
    #expect(relay.kick(id) == false)
  }

  @Test func `an idle connection is closed after the idle time-out, a busy one is not`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint) { $0.idleTimeout = 0.6 }
    let idle = try relay.answeredClient()
    let busy = try relay.answeredClient()
    TestThread.start {
      // It says something until the other one is closed.
      while busy.send([1]), let byte = busy.receive(), !byte.isEmpty {}
    }
    #expect(idle.receiveToEnd() == [])
    idle.close()
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .idle))
    #expect(relay.snapshot()?.connections.count == 1)
  }

  @Test func `a drain closes the listener, lets an answer through and ends with FIN`() throws {
    let gateway = try TestGateway { connection in
      _ = connection.receive()
      connection.send(Array(repeating: 3, count: 3_000_000))
      _ = connection.receive()
      connection.close()
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.receive(exactly: 1000).count == 1000)
    relay.relay.drain(within: 5)
    #expect(client.receive(exactly: 2_999_000).count == 2_999_000)
    #expect(client.receiveToEnd() == [])
    client.close()
    #expect(relay.event { if case .stopped = $0 { true } else { nil } } == true)
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .stopped))
    #expect(throws: RelayError("connect to \(relay.endpoint)", ECONNREFUSED)) { try TestConnection(to: relay.endpoint) }
  }

  @Test func `a drain ends in time though a client keeps its connection`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    relay.relay.drain(within: 0.5)
    #expect(relay.event { if case .stopped = $0 { true } else { nil } } == true)
    client.close()
  }

  @Test func `a drain ends in time though a gateway never pauses`() throws {
    let reached = TestAnswer<Bool>()
    let gateway = try TestGateway { connection in
      _ = connection.receive()
      reached.give(true)
      while connection.send(Array(repeating: 3, count: 10_000)) {}
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.client()
    #expect(client.receive(exactly: 10) == Array(repeating: 3, count: 10))
    TestThread.start { while let bytes = client.receive(), !bytes.isEmpty {} }
    #expect(reached.wait() == true)
    relay.relay.drain(within: 0.3)
    #expect(relay.event { if case .stopped = $0 { true } else { nil } } == true)
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .stopped))
  }

  @Test func `streams of bulk leave a turn to who sends little`() throws {
    let gateway = try TestGateway { connection in
      let hello = connection.receive() ?? []
      if hello.last == 1 {
        while connection.send(Array(repeating: 3, count: 100_000)) {}
      } else {
        connection.send(hello)
        while let bytes = connection.receive(), !bytes.isEmpty { connection.send(bytes) }
      }
    }
    let relay = try TestRelay(to: gateway.endpoint)
    let streams = try (0..<4).map { _ in try TestConnection(to: relay.endpoint) }
    for stream in streams {
      stream.send(TestRelay.hello + [1])
      TestThread.start { while let bytes = stream.receive(), !bytes.isEmpty {} }
    }
    let client = try relay.answeredClient()
    for number in 0..<300 {
      let byte = UInt8(truncatingIfNeeded: number)
      client.send([byte])
      #expect(client.receive(exactly: 1) == [byte])
    }
    for stream in streams { stream.endStream() }
    #expect(relay.snapshot()?.connections.count == 5)
  }

  @Test func `bulk is spliced, and messages after it are copied again`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    let bulk = Array(repeating: UInt8(8), count: 30_000_000)
    let sender = TestAnswer<Bool>()
    TestThread.start { sender.give(client.send(bulk)) }
    let first = client.receive(exactly: 10_000_000)
    let duringBulk = relay.snapshot()?.connections.first?.spliced
    #expect(first.count + client.receive(exactly: 20_000_000).count == bulk.count)
    #expect(sender.wait() == true)
    for _ in 0..<40 {
      client.send([1])
      _ = client.receive(exactly: 1)
    }
    #expect(duringBulk.map { $0 > 0 } == true)
    #expect(relay.snapshot()?.connections.first?.spliced == 0)
  }

  @Test func `both legs have no delay, and the client's notices a dead peer`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let client = try relay.answeredClient()
    // The relay's sockets are this process's: the ends whose local or remote port is one of this test's.
    func leg(to port: UInt16) throws -> Int32 {
      try #require((3..<1024).map(Int32.init).first { $0 != client.raw && TestSocketOptions.remotePort($0) == port })
    }
    #expect(TestSocketOptions(try leg(to: client.localPort)) == TestSocketOptions.expected)
    // The kernel of this machine tells of a gateway that is gone; one that reads nothing for a while is not cut off.
    #expect(clinux_option(try leg(to: gateway.endpoint.port), Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
    #expect(clinux_option(try leg(to: gateway.endpoint.port), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT) == 0)
  }
}

/// The options by which a leg notices that its peer is dead.
struct TestSocketOptions: Equatable {
  var values: [Int32]

  static let expected = TestSocketOptions(values: [1, 1, 30, 10, 3, 60_000])

  init(values: [Int32]) { self.values = values }

  init(_ descriptor: Int32) {
    let tcp = Int32(IPPROTO_TCP)
    values = [clinux_option(descriptor, SOL_SOCKET, SO_KEEPALIVE)]
    values += [TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT].map {
      clinux_option(descriptor, tcp, $0)
    }
  }

  static func remotePort(_ descriptor: Int32) -> UInt16? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let failed = withUnsafeMutableBytes(of: &address) { bytes in
      getpeername(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return failed == 0 ? Endpoint(address)?.port : nil
  }
}
