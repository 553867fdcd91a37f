import TWSProtocol
import Testing

@Suite struct MessageTests {
  @Test func `a captured greeting is read and written the same`() {
    let frame = Frame.encode(fields("187", "20261121 02:07:51 UTC"))
    let greeting = ServerGreeting(version: 187, connectionTime: "20261121 02:07:51 UTC")
    #expect(greeting.frame == frame)
    #expect(ServerGreeting(body: frame.dropFirst(4)) == greeting)
  }

  @Test(arguments: [
    fields("15", "1", "DU1234567"), fields("x", "20261121"), fields("187"), fields("-1", "host:4001"), [0x31],
  ])
  func `other messages are no greeting`(body: [UInt8]) {
    #expect(ServerGreeting(body: body) == nil)
  }

  @Test func `a captured startApi is read and written the same`() throws {
    let captured = bytes("0000000a 373100 3200 39393900 00")
    #expect(StartAPI(clientID: 999).frame == captured)
    var reader = FieldReader(captured.dropFirst(4))
    #expect(try reader.integer() == RequestKind.startApi.rawValue)
    #expect(try StartAPI(&reader) == StartAPI(clientID: 999))
  }

  @Test(arguments: [
    (ServerMessage.managedAccounts(["DU1234567"]), fields("15", "1", "DU1234567")),
    (.managedAccounts(["DU1", "DU2"]), fields("15", "1", "DU1,DU2")),
    (.managedAccounts([]), fields("15", "1", "")),
    (.nextValidID(1), fields("9", "1", "1")),
    (.currentTime(1_795_226_871), fields("49", "1", "1795226871")),
  ])
  func `what tells that a gateway serves is read and written`(message: ServerMessage, body: [UInt8]) throws {
    #expect(message.frame(version: 187) == Frame.encode(body))
    #expect(try ServerMessage(body: body, version: 187) == message)
  }

  @Test(arguments: [
    (165, fields("4", "2", "-1", "2104", "OK:usfarm")), (166, fields("4", "2", "-1", "2104", "OK:usfarm", "")),
    (187, fields("4", "2", "-1", "2104", "OK:usfarm", "")),
    (194, fields("4", "-1", "2104", "OK:usfarm", "", "1795226871000")),
  ])
  func `errors have the layout of their version`(version: Int, body: [UInt8]) throws {
    let error = APIError(code: 2104, text: "OK:usfarm", time: version >= 194 ? 1_795_226_871_000 : nil)
    #expect(error.frame(version: version) == Frame.encode(body))
    #expect(try ServerMessage(body: body, version: version) == .error(error))
  }

  @Test(arguments: [
    (1100, APIError.Connectivity.lost), (2110, .lost), (1101, .restored(subscriptionsLost: true)),
    (1102, .restored(subscriptionsLost: false)), (2103, .farmBroken), (2105, .farmBroken), (2157, .farmBroken),
    (2104, .farmConnected), (2106, .farmConnected), (2158, .farmConnected),
  ])
  func `codes about connections are told apart`(code: Int, connectivity: APIError.Connectivity) {
    #expect(APIError(code: code, text: "").connectivity == connectivity)
  }

  @Test(arguments: [200, 326, 2100, 10_147])
  func `other codes are about something else`(code: Int) {
    #expect(APIError(code: code, text: "").connectivity == nil)
  }

  @Test func `messages that are not needed are known by their id alone`() throws {
    #expect(try ServerMessage(body: fields("10", "1", "AAPL"), version: 178) == .other(id: 10))
    #expect(try ServerMessage(body: fields("9999"), version: 178) == .other(id: 9999))
    #expect(ServerMessage.other(id: 10).frame(version: 178) == nil)
  }

  @Test func `no truncation of a message is read as another`() {
    for body in [fields("15", "1", "DU1234567"), fields("9", "1", "1"), fields("4", "2", "-1", "2104", "x", "")] {
      for length in 0..<body.count {
        #expect(throws: MessageError.self) { try ServerMessage(body: body.prefix(length), version: 187) }
      }
    }
  }

  @Test func `versions with protobuf are refused, not misread`() {
    #expect(throws: MessageError.unsupportedVersion(201)) {
      try ServerMessage(body: [0, 0, 0, 15], version: 201)
    }
  }

  @Test func `the request for the time is the captured one`() {
    #expect(ServerMessage.currentTimeRequest == Frame.encode(fields("49", "1")))
  }
}
