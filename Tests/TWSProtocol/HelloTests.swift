import TWSProtocol
import Testing

/// Captured from ib_async 2.1.0.
let capturedHello = "41504900 00000009 763135372e2e313738"

@Suite struct HelloTests {
  @Test func `a captured hello is read and written the same`() {
    let hello = ClientHello(versions: 157...178)
    #expect(ClientHello.parse(bytes(capturedHello)).result == .hello(hello))
    #expect(hello.bytes == bytes(capturedHello))
  }

  @Test func `options follow after one space`() {
    let hello = ClientHello(versions: 100...187, options: "+PACEAPI")
    #expect(hello.bytes.suffix(18) == Array("v100..187 +PACEAPI".utf8))
    #expect(ClientHello.parse(hello.bytes).result == .hello(hello))
  }

  @Test func `a single version is a range of one`() {
    let text = Array("API\0".utf8) + Frame.encode(Array("v187".utf8))
    #expect(ClientHello.parse(text).result == .hello(ClientHello(versions: 187...187)))
  }

  @Test func `what follows the hello is left alone`() {
    let stream = bytes(capturedHello) + bytes("0000000a 373100 3200 39393900 00")
    let (result, length) = ClientHello.parse(stream)
    #expect(result == .hello(ClientHello(versions: 157...178)))
    #expect(length == bytes(capturedHello).count)
  }

  @Test func `every truncation needs more`() {
    let whole = ClientHello(versions: 157...178, options: "+PACEAPI").bytes
    for length in 0..<whole.count {
      #expect(ClientHello.parse(whole.prefix(length)).result == .needsMore)
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "63\0", "API ", "APJ\0", "\0\0\0\u{9}v157..178"])
  func `another protocol is rejected at its first wrong byte`(text: String) {
    let (result, length) = ClientHello.parse(Array(text.utf8))
    #expect(result == .rejected(.notTheAPI))
    #expect(length <= 4)
  }

  @Test(arguments: ["ffffffff", "00000000", "00000100", "7fffffff"])
  func `a hostile length is rejected at once`(length: String) {
    let announced = bytes(length).reduce(0) { $0 << 8 | Int($1) }
    #expect(ClientHello.parse(Array("API\0".utf8) + bytes(length)).result == .rejected(.length(announced)))
  }

  @Test(arguments: [
    "v", "v157..", "v..178", "v157.178", "157..178", "v178..157", "v0..0", "v1e3..2", "v157..178x", "v999999..1",
  ])
  func `a hello without a range of versions is rejected`(text: String) {
    let stream = Array("API\0".utf8) + Frame.encode(Array(text.utf8))
    #expect(ClientHello.parse(stream).result == .rejected(.versions))
  }

  @Test func `the longest hello is accepted`() {
    let options = String(repeating: "x", count: ClientHello.maximumLength - 10)
    let hello = ClientHello(versions: 100...187, options: options)
    #expect(hello.bytes.count == 8 + ClientHello.maximumLength)
    #expect(ClientHello.parse(hello.bytes).result == .hello(hello))
  }

  @Test(arguments: [
    (157...178, 157...187, 178), (100...225, 157...187, 187), (187...187, 157...187, 187), (157...157, 100...157, 157),
  ])
  func `the highest version of both is in force`(client: ClosedRange<Int>, server: ClosedRange<Int>, version: Int) {
    #expect(ServerVersion.negotiate(client: client, server: server) == version)
  }

  @Test(arguments: [(100...151, 157...187), (201...225, 157...187)])
  func `without a version of both there is none`(client: ClosedRange<Int>, server: ClosedRange<Int>) {
    #expect(ServerVersion.negotiate(client: client, server: server) == nil)
  }
}
