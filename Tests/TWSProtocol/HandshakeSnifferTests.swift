import TWSProtocol
import Testing

extension HandshakeSniffer {
  fileprivate mutating func client(_ bytes: some Sequence<UInt8>) {
    Array(bytes).withUnsafeBytes { observeClient($0) }
  }

  fileprivate mutating func server(_ bytes: some Sequence<UInt8>) {
    Array(bytes).withUnsafeBytes { observeServer($0) }
  }
}

@Suite struct HandshakeSnifferTests {
  private let start = bytes("0000000a 373100 3200 39393900 00")
  private let greeting = Frame.encode(fields("178", "20261121 02:07:51 UTC"))

  @Test func `a whole handshake tells everything, and then it stops looking`() {
    var sniffer = HandshakeSniffer()
    sniffer.client(bytes(capturedHello))
    #expect(sniffer.clientVersions == 157...178)
    sniffer.server(greeting)
    #expect(sniffer.serverVersion == 178)
    #expect(!sniffer.isFinished)
    sniffer.client(start)
    #expect(sniffer.clientID == 999)
    #expect(sniffer.isFinished)
    sniffer.client(StartAPI(clientID: 1).frame)
    sniffer.server(Frame.encode(fields("157", "later")))
    #expect(sniffer.clientID == 999)
    #expect(sniffer.serverVersion == 178)
  }

  @Test(arguments: 0..<50)
  func `it learns the same however the bytes are cut`(seed: Int) {
    var random = Repeatable(state: UInt64(seed))
    var sniffer = HandshakeSniffer()
    for piece in random.pieces(bytes(capturedHello) + start + Frame.encode(fields("49", "1")), longest: 5) {
      sniffer.client(piece)
    }
    for piece in random.pieces(greeting + Frame.encode(fields("15", "1", "DU1")), longest: 5) { sniffer.server(piece) }
    #expect(sniffer.clientVersions == 157...178)
    #expect(sniffer.clientID == 999)
    #expect(sniffer.serverVersion == 178)
    #expect(sniffer.isFinished)
  }

  @Test func `no truncation tells what has not been said`() {
    let stream = bytes(capturedHello) + start
    for length in 0..<stream.count {
      var sniffer = HandshakeSniffer()
      sniffer.client(stream.prefix(length))
      #expect(sniffer.clientID == nil)
      #expect(sniffer.rejection == nil)
      #expect((sniffer.clientVersions != nil) == (length >= bytes(capturedHello).count))
    }
  }

  @Test func `client ids are read in both newer forms of startApi`() {
    // A 4-byte message id before text fields, and protobuf behind 71 + 200 with field 1 as a varint: 999 and -1.
    let forms: [([UInt8], Int)] = [
      ([0, 0, 0, 71] + fields("2", "999", ""), 999), (bytes("0000010f 08e707"), 999),
      (bytes("0000010f 08ffffffffffffffffff01"), -1), (bytes("0000010f"), 0),
    ]
    for (body, id) in forms {
      var sniffer = HandshakeSniffer()
      sniffer.client(ClientHello(versions: 100...225).bytes + Frame.encode(body))
      #expect(sniffer.clientID == id)
    }
  }

  @Test func `another protocol is rejected and finishes it`() {
    var sniffer = HandshakeSniffer()
    sniffer.client(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    #expect(sniffer.rejection == .notTheAPI)
    #expect(sniffer.isFinished)
  }

  @Test func `messages before the greeting and before startApi are passed over`() {
    var sniffer = HandshakeSniffer()
    sniffer.client(bytes(capturedHello) + Frame.encode(fields("14", "1", "5")) + start)
    sniffer.server(Frame.encode(fields("4", "2", "-1", "2104", "OK")) + greeting)
    #expect(sniffer.clientID == 999)
    #expect(sniffer.serverVersion == 178)
  }

  @Test func `it gives up on sides that go on without saying what they should`() {
    var sniffer = HandshakeSniffer()
    let endless = [UInt8](repeating: 0x41, count: 65_536)
    sniffer.client(bytes(capturedHello) + [0xFF, 0xFF, 0xFF, 0xFF] + endless)
    sniffer.server([0x7F, 0xFF, 0xFF, 0xFF] + endless)
    #expect(sniffer.isFinished)
    #expect(sniffer.clientVersions == 157...178)
    #expect(sniffer.clientID == nil)
    #expect(sniffer.serverVersion == nil)
  }

  @Test(arguments: 0..<200)
  func `noise never makes it stumble`(seed: Int) {
    var random = Repeatable(state: UInt64(seed) &* 77)
    var sniffer = HandshakeSniffer()
    let prefix = seed % 2 == 0 ? bytes(capturedHello) : []
    let noise = (0..<8_192).map { _ in UInt8.random(in: 0...(seed % 3 == 0 ? 3 : 255), using: &random) }
    for piece in random.pieces(prefix + noise, longest: 900) { sniffer.client(piece) }
    for piece in random.pieces(noise, longest: 900) { sniffer.server(piece) }
    #expect(sniffer.isFinished)
  }
}
