import Callers
import Tailnet
import Testing

@testable import RelayService
@testable import Splice

@Suite struct EnquiryTests {
  private let alice = Caller.Peer(login: "alice@example.com", node: "laptop.t.ts.net", address: "100.64.0.2")

  @Test func `a peer is settled at once, however late`() {
    for now in [0, 10, 5000] as [Int64] {
      var enquiry = Enquiry(began: 0)
      #expect(enquiry.next(.peer(alice), at: now) == .settled(.peer(alice)))
    }
  }

  @Test func `nobody is asked for again, with growing pauses, until a quarter of a second has passed`() {
    var enquiry = Enquiry(began: 1000)
    var now: Int64 = 1000
    var pauses: [Int64] = []
    while case .again(let pause) = enquiry.next(.nobody, at: now) {
      pauses.append(pause)
      now += pause
    }
    #expect(pauses == [5, 10, 20, 40, 80, 95])
    var late = Enquiry(began: 1000)
    #expect(late.next(.nobody, at: 1250) == .settled(.local))
  }

  @Test func `without an answer it stays unknown`() {
    var enquiry = Enquiry(began: 0)
    #expect(enquiry.next(.unanswered("it broke off"), at: 100) == .again(after: 5))
    #expect(enquiry.next(.unanswered("it broke off"), at: 300) == .settled(.unknown))
  }
}

@Suite struct TailnetDoorTests {
  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  @Test func `where the kernel routes, only the tailnet's own ranges are asked for`() throws {
    let kernel = TailnetDoor(way: .kernel)
    for (text, may) in [
      ("100.64.0.2", true), ("100.127.255.255", true), ("fd7a:115c:a1e0::7", true), ("127.0.0.1", false),
      ("172.17.0.1", false), ("fd00::1", false), ("100.128.0.1", false),
    ] {
      #expect(try kernel.mayBePeer(address(text)) == may, "\(text)")
      #expect(try TailnetDoor(way: .userspace).mayBePeer(address(text)))
      #expect(try TailnetDoor(way: nil).mayBePeer(address(text)))
    }
  }

  @Test func `the way in is 127.0.0.1 in userspace, the node's addresses in the kernel, and unknown before`() throws {
    let own = [try address("100.64.0.1"), try address("fd7a:115c:a1e0::1")]
    func text(_ way: TailnetDoor.Way?, beside fixed: [String] = []) throws -> [String] {
      try TailnetDoor(way: way, addresses: own)
        .endpoints(port: 4003, beside: fixed.map { try #require(Endpoint($0)) }).map(\.description)
    }
    #expect(try text(.userspace) == ["127.0.0.1:4003"])
    #expect(try text(.kernel) == ["100.64.0.1:4003", "[fd7a:115c:a1e0::1]:4003"])
    #expect(try text(nil) == [])
    // What a wildcard takes in already cannot be bound again.
    #expect(try text(.kernel, beside: ["0.0.0.0:4003"]) == ["[fd7a:115c:a1e0::1]:4003"])
    #expect(try text(.userspace, beside: ["0.0.0.0:4003"]) == [])
    #expect(try text(.kernel, beside: ["100.64.0.1:4003", "[::]:4003"]) == [])
    #expect(try text(.kernel, beside: ["0.0.0.0:4004"]).count == 2)
  }

  @Test func `a route moves with the tailnet, and says so once`() throws {
    var gate = RouteGate(
      .init(name: "live", listen: [], tailnetPort: 4003, upstream: try #require(Endpoint("127.0.0.1:4001"))),
      policy: .always)
    #expect(gate.listen.isEmpty)
    #expect(gate.told(.closed)?.text.contains("the tailnet's address, which is not known yet") == true)
    var door = TailnetDoor(way: .kernel, addresses: [try address("100.64.0.1")])
    #expect(gate.moved(to: door)?.text == "live: the tailnet's clients come in at 100.64.0.1:4003")
    #expect(gate.moved(to: door) == nil)
    door.addresses = [try address("100.64.0.9")]
    #expect(gate.moved(to: door) != nil)
    #expect(gate.listen.map(\.description) == ["100.64.0.9:4003"])
    #expect(gate.moved(to: nil) != nil)
    #expect(gate.listen.isEmpty)
  }
}

@Suite struct CallerWordsTests {
  private let bot = Caller.peer(
    Caller.Peer(login: "tagged-devices", node: "w\"1.t.ts.net", address: "100.64.0.3", tags: ["tag:a", "tag:b"]))

  @Test func `a caller stands in the access log in Caddy's names, and escaped`() throws {
    let record = ConnectionRecord(
      id: 1, route: 0, peer: try #require(Endpoint("127.0.0.1:5")), acceptedAt: 0, duration: 0, handshake: Handshake(),
      bytesFromClient: 0, bytesFromGateway: 0, ending: nil)
    func line(_ caller: Caller?) throws -> String {
      var lines: [UInt8] = []
      AccessLogFormat(route: "live", upstream: try #require(Endpoint("127.0.0.1:4001")))
        .appendOpened(record, caller, to: &lines)
      return String(decoding: lines, as: UTF8.self)
    }
    #expect(
      try line(bot).hasSuffix(
        #","user_id":"tagged-devices","node":"w\"1.t.ts.net","tailnet_ip":"100.64.0.3","tags":["tag:a","tag:b"]}"#
          + "\n"))
    #expect(try line(.local).hasSuffix(#","user_id":"local"}"# + "\n"))
    #expect(try line(.unknown) == line(nil))
  }

  @Test func `callers behind the same address are refused in lines of their own`() throws {
    var log = RefusalLog()
    let peer = try #require(Endpoint("127.0.0.1:5555"))
    let alice = Caller.peer(Caller.Peer(login: "alice@example.com", node: "laptop.t.ts.net", address: "100.64.0.2"))
    #expect(
      log.note("live", peer, .callerNotNamed, of: alice, at: 1)
        == Notice(
          .warning, "live: refused 127.0.0.1:5555, alice@example.com on laptop: API_ALLOW does not name it"))
    #expect(log.note("live", peer, .callerNotNamed, of: alice, at: 2) == nil)
    #expect(log.note("live", peer, .callerNotNamed, of: bot, at: 2) != nil)
    #expect(
      log.flush(at: 61_000_000_000).map(\.text) == [
        "live: refused 127.0.0.1, alice@example.com on laptop once more in the last minute: API_ALLOW does not name it"
      ])
  }
}
