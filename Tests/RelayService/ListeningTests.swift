import Glibc
import Testing

@testable import RelayService
@testable import Splice

@Suite struct RouteGateTests {
  private func gate(
    upstream: String = "127.0.0.1:4001", listen: [String] = ["0.0.0.0:4003"], policy: ListenPolicy = .whenServing
  ) throws -> RouteGate {
    let route = RelayServiceConfiguration.Route(
      name: "live", listen: try listen.map { try #require(Endpoint($0)) }, upstream: try #require(Endpoint(upstream)))
    return RouteGate(route, policy: policy)
  }

  @Test func `a route listens while the gateway does, and each change is said once`() throws {
    var gate = try gate()
    #expect(!gate.wantsClients)
    #expect(
      gate.looked(false)
        == Notice(
          .info,
          "live: the gateway does not listen on 127.0.0.1:4001; connections to 0.0.0.0:4003 are refused until it does"))
    #expect(gate.looked(false) == nil)
    #expect(!gate.wantsClients)
    #expect(
      gate.looked(true)
        == Notice(.info, "live: the gateway listens on 127.0.0.1:4001; clients are taken on 0.0.0.0:4003"))
    #expect(gate.looked(true) == nil)
    #expect(gate.wantsClients)
    #expect(gate.looked(false)?.priority == .warning)
    #expect(!gate.wantsClients)
  }

  @Test func `a port that cannot be looked at counts as open`() throws {
    var gate = try gate()
    #expect(gate.looked(nil) != nil)
    #expect(gate.wantsClients)
  }

  @Test func `a gateway on another machine is not watched, and its route always listens`() throws {
    let gate = try gate(upstream: "10.0.0.9:4001")
    #expect(!gate.isWatched)
    #expect(gate.wantsClients)
  }

  @Test func `a route that is to listen always does so without looking`() throws {
    let gate = try gate(policy: .always)
    #expect(!gate.isWatched)
    #expect(gate.wantsClients)
  }

  @Test func `an order decides over the gateway's port until it is taken back`() throws {
    var gate = try gate()
    _ = gate.looked(true)
    #expect(gate.told(.closed)?.text == "live: told to take no clients; connections to 0.0.0.0:4003 are refused")
    #expect(gate.told(.closed) == nil)
    #expect(!gate.wantsClients && !gate.isWatched)
    #expect(gate.told(.open) != nil)
    #expect(gate.wantsClients && !gate.isWatched)
    #expect(gate.told(.automatic) != nil)
    #expect(gate.isWatched && gate.wantsClients)
    _ = gate.looked(false)
    #expect(!gate.wantsClients)
  }

  @Test func `an address that cannot be listened on is said once for each reason, and again when it can`() throws {
    var gate = try gate(listen: ["127.0.0.1:4003", "[::1]:4003"])
    let second = gate.listen[1]
    let busy = RelayError("listen on \(second)", EADDRINUSE)
    #expect(
      gate.failed(second, busy)?.text
        == "live: cannot listen on [::1]:4003: another program listens there; stop it, or use another port; it is tried again "
        + "every second")
    #expect(gate.failed(second, busy) == nil)
    #expect(gate.failed(second, RelayError("listen on \(second)", EADDRNOTAVAIL)) != nil)
    #expect(gate.succeeded(second)?.text == "live: now listens on [::1]:4003")
    #expect(gate.succeeded(second) == nil)
  }
}

@Suite struct RefusalLogTests {
  private let second: UInt64 = 1_000_000_000
  private let peer = Endpoint(IPAddress(v4: 0x0a00_0005), 5555)

  @Test func `the first refusal is a line, the others of its minute a number`() {
    var log = RefusalLog()
    #expect(
      log.note("live", peer, .notTheAPI, at: second)
        == Notice(.warning, "live: refused 10.0.0.5:5555: its first bytes are not those of an IB API client"))
    for number in 1...7 { #expect(log.note("live", peer, .notTheAPI, at: second + UInt64(number)) == nil) }
    #expect(log.flush(at: 60 * second) == [])
    #expect(
      log.flush(at: 61 * second) == [
        Notice(
          .warning,
          "live: refused 10.0.0.5 7 times more in the last minute: its first bytes are not those of an IB API client")
      ])
    #expect(!log.isWaiting)
    #expect(log.note("live", peer, .notTheAPI, at: 70 * second) != nil)
  }

  @Test func `a refusal that stays the only one is not told again`() {
    var log = RefusalLog()
    _ = log.note("live", peer, .rate, at: second)
    #expect(log.flush(at: 62 * second) == [])
    #expect(!log.isWaiting)
  }

  @Test func `another reason, address or route is a line of its own`() {
    var log = RefusalLog()
    let other = Endpoint(IPAddress(v4: 0x0a00_0006), 5555)
    #expect(log.note("live", peer, .rate, at: second) != nil)
    #expect(log.note("live", peer, .silent, at: second) != nil)
    #expect(log.note("live", other, .rate, at: second) != nil)
    #expect(log.note("paper", peer, .rate, at: second) != nil)
    #expect(log.note("live", Endpoint(peer.address, 1), .rate, at: second) == nil)
  }

  @Test func `a flood from many addresses neither fills the memory nor the log`() {
    var log = RefusalLog()
    let lines = (0..<100_000).count { number in
      log.note("live", Endpoint(IPAddress(v4: UInt32(number)), 1), .notAllowed, at: second) != nil
    }
    #expect(lines == RefusalLog.capacity + 1)
    let ends = log.flush(at: 100 * second)
    #expect(
      ends.map(\.text) == [
        "live: refused many addresses 98975 times more in the last minute: its address is not in the allow-list"
      ])
  }

  @Test func `a look at the port is no warning`() {
    var log = RefusalLog()
    #expect(log.note("live", peer, .left, at: second)?.priority == .debug)
  }
}
