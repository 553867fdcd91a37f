import TWSProtocol
import Testing

@testable import Simulator

private let served: [ServerMessage] = [.managedAccounts(["DU1234567"]), .nextValidID(1)]

@Suite struct ConnectionTests {
  @Test(arguments: [(157...178, 178), (100...225, 187), (100...157, 157)])
  func `the highest common version is in force`(versions: ClosedRange<Int>, version: Int) async throws {
    let simulator = try await RunningSimulator()
    #expect(try RawClient(port: simulator.port).greet(versions) == version)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test(arguments: [100...151, 201...225])
  func `a client without a common version is closed`(versions: ClosedRange<Int>) async throws {
    let simulator = try await RunningSimulator()
    let client = try RawClient(port: simulator.port)
    #expect(try client.greet(versions) == nil)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "API\0\u{7f}\u{7f}\u{7f}\u{7f}", "\0\0\0\0\0\0\0\0"])
  func `what speaks another protocol is closed`(text: String) async throws {
    let simulator = try await RunningSimulator()
    let client = try RawClient(port: simulator.port)
    client.send(Array(text.utf8))
    #expect(try client.receive() == nil)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `a start one byte at a time is served`() async throws {
    let simulator = try await RunningSimulator(mode: "live")
    let client = try RawClient(port: simulator.port)
    for byte in ClientHello(versions: 157...178).bytes { client.send([byte]) }
    let greeting = try #require(try client.receive())
    #expect(ServerGreeting(body: greeting)?.version == 178)
    for byte in StartAPI(clientID: 4).frame { client.send([byte]) }
    #expect(try client.next() == .managedAccounts(["U1234567"]))
    #expect(try client.next() == .nextValidID(1))
    #expect(try await simulator.stop() == .stopped)
    #expect(try client.next() == nil)
  }

  @Test func `an id in use is refused with 326, and is free again after its client`() async throws {
    let simulator = try await RunningSimulator()
    do {
      let first = try RawClient(port: simulator.port)
      #expect(try first.start(7) == served)
      let second = try RawClient(port: simulator.port)
      guard case .error(let error) = try second.start(7).first else {
        Issue.record("the second client was served")
        return
      }
      #expect(error.code == APIError.clientIDInUse)
      #expect(try second.receive() == nil)
    }
    for await line in simulator.reports where line.hasPrefix("client 7 disconnected") { break }
    #expect(try RawClient(port: simulator.port).start(7) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `thirty-two clients are served and no more`() async throws {
    let simulator = try await RunningSimulator()
    let clients = try (0..<32).map { id in
      let client = try RawClient(port: simulator.port)
      #expect(try client.start(id) == served)
      return client
    }
    #expect(try RawClient(port: simulator.port).start(32).isEmpty)
    #expect(try await simulator.perform("status").contains("32 clients"))
    // A client closes its connection when nothing needs it any more, which is from its last use on.
    withExtendedLifetime(clients) {}
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `a frame that is too long closes its client and no other`() async throws {
    let simulator = try await RunningSimulator()
    let good = try RawClient(port: simulator.port)
    let bad = try RawClient(port: simulator.port)
    #expect(try good.start(1) == served)
    #expect(try bad.start(2) == served)
    bad.send([0x7F, 0xFF, 0xFF, 0xFF])
    while try bad.receive() != nil {}
    good.send(ServerMessage.currentTimeRequest)
    guard case .currentTime = try good.next() else {
      Issue.record("the other client is not served")
      return
    }
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `a client that asks much and reads nothing holds up nobody, and gets all in the end`() async throws {
    let simulator = try await RunningSimulator()
    let slow = try RawClient(port: simulator.port, window: 4_096)
    #expect(try slow.start(1) == served)
    let questions = 20
    for id in 0..<questions {
      slow.send(
        .reqHistoricalData, "\(id)", "0", "AAPL", "STK", "", "0", "", "", "SMART", "", "USD", "", "", "0", "", "1 min",
        "1 D", "0", "TRADES", "1", "0", "")
    }
    let quick = try RawClient(port: simulator.port)
    #expect(try quick.start(2) == served)
    quick.send(ServerMessage.currentTimeRequest)
    guard case .currentTime = try quick.next() else {
      Issue.record("the other client is not served")
      return
    }
    for _ in 0..<questions { #expect(try slow.next() == .other(id: 17)) }
    #expect(try await simulator.stop() == .stopped)
  }
}
