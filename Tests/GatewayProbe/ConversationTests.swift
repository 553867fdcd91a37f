import TWSProtocol
import Testing

@testable import GatewayProbe

@Suite struct ConversationTests {
  private static let greeting = ServerGreeting(version: 178, connectionTime: "20261121 02:07:51 UTC").frame

  private static func frame(_ message: ServerMessage) -> [UInt8] { message.frame(version: 178) ?? [] }

  @Test func `the hello offers the versions whose messages are text`() {
    #expect(Conversation(clientID: 999).hello == Array("API\0".utf8) + [0, 0, 0, 9] + Array("v100..187".utf8))
  }

  @Test func `a whole handshake is answered message by message, in whatever pieces it comes`() {
    let bytes =
      Self.greeting + Self.frame(.nextValidID(1)) + Self.frame(.managedAccounts(["DU1", "DU2"]))
      + Self.frame(.error(APIError(code: 2104, text: "ok"))) + Self.frame(.currentTime(1))
    for size in [1, 2, 7, bytes.count] {
      var conversation = Conversation(clientID: 999)
      var news: [Conversation.News] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        news += conversation.receive(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(
        news == [
          .send(StartAPI(clientID: 999).frame), .send(Conversation.question), .link(.farmConnected), .timeTold,
        ])
      #expect(conversation.stage == .open)
      #expect(conversation.serverVersion == 178)
      #expect(conversation.accounts == 2)
    }
  }

  @Test func `an empty list of accounts is told once the order id is there too`() {
    var conversation = Conversation(clientID: 999)
    _ = conversation.receive(Self.greeting)
    #expect(conversation.receive(Self.frame(.managedAccounts([]))).isEmpty)
    #expect(conversation.receive(Self.frame(.nextValidID(1))) == [.noAccounts])
  }

  @Test func `an id in use is told`() {
    var conversation = Conversation(clientID: 999)
    _ = conversation.receive(Self.greeting)
    #expect(conversation.receive(Self.frame(.error(APIError(code: 326, text: "in use")))) == [.idInUse])
  }

  @Test func `messages that nobody needs, and broken ones, are passed over`() {
    var conversation = Conversation(clientID: 999)
    _ = conversation.receive(Self.greeting)
    var other = FieldWriter(ResponseKind.tickPrice)
    other.add("1")
    #expect(conversation.receive(other.frame()).isEmpty)
    #expect(conversation.receive(Frame.encode(Array("15\0".utf8))).isEmpty)
    #expect(conversation.receive(Frame.encode([UInt8]())).isEmpty)
    #expect(conversation.stage == .start)
  }

  @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{ff}\u{ff}\u{ff}\u{ff}", "SSH-2.0-OpenSSH_9.6\r\n"])
  func `what is no frame of any sensible length is not the API`(text: String) {
    var conversation = Conversation(clientID: 999)
    #expect(conversation.receive(Array(text.utf8)) == [.unreadable])
  }

  @Test func `a version above the offer is taken as the offer's highest`() {
    var conversation = Conversation(clientID: 999)
    _ = conversation.receive(ServerGreeting(version: 203, connectionTime: "x").frame)
    #expect(conversation.serverVersion == 187)
  }
}
