import TWSProtocol
import Testing

@testable import Simulator

/// A session without a connection: requests in, messages out.
private struct Conversation {
  var session: Session
  var gateway = Gateway(account: "DU1234567", seed: 3)
  var now = Moment(seconds: 1_795_226_871)
  private(set) var events: [Brokerage.Event] = []

  init(version: Int = 178) {
    session = Session(clientID: 1, version: version)
  }

  /// Sends a request, and returns the fields of each message that comes back.
  mutating func ask(_ kind: RequestKind, _ fields: [String]) throws -> [[String]] {
    try ask(raw: Self.body([String(kind.rawValue)] + fields))
  }

  mutating func ask(raw body: [UInt8]) throws -> [[String]] {
    var out = Outbox(version: session.version)
    events = session.receive(body, at: now, &gateway, &out)
    return try Self.messages(out)
  }

  mutating func pass(milliseconds: Int) throws -> [[String]] {
    now = Moment(milliseconds: now.milliseconds + milliseconds)
    var out = Outbox(version: session.version)
    session.advance(to: now, gateway, &out)
    return try Self.messages(out)
  }

  static func body(_ fields: [String]) -> [UInt8] {
    fields.reduce(into: []) { $0 += Array($1.utf8) + [0] }
  }

  private static func messages(_ out: Outbox) throws -> [[String]] {
    var decoder = FrameDecoder()
    decoder.append(out.bytes)
    var messages: [[String]] = []
    while let body = try decoder.next() {
      let text = String(decoding: body.dropLast(), as: UTF8.self)
      messages.append(text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init))
    }
    return messages
  }
}

/// Random numbers that repeat.
private struct Repeatable: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

private let apple = ["0", "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", ""]

@Suite struct SessionTests {
  @Test func `the time is told once per second`() throws {
    var conversation = Conversation()
    #expect(try conversation.ask(.reqCurrentTime, ["1"]) == [["49", "1", "1795226871"]])
    conversation.now = Moment(milliseconds: conversation.now.milliseconds + 999)
    #expect(try conversation.ask(.reqCurrentTime, ["1"]).isEmpty)
    conversation.now = Moment(milliseconds: conversation.now.milliseconds + 1)
    #expect(try conversation.ask(.reqCurrentTime, ["1"]) == [["49", "1", "1795226872"]])
  }

  @Test func `every request is answered, taken or refused, also an empty one`() throws {
    let silent: Set<RequestKind> = [
      .setServerLogLevel, .reqAutoOpenOrders, .reqNewsBulletins, .cancelNewsBulletins, .startApi, .cancelMktDepth,
      .cancelScannerSubscription, .cancelFundamentalData, .cancelCalculateImpliedVolatility,
      .cancelCalculateOptionPrice, .cancelHistogramData, .cancelWshMetaData, .cancelWshEventData,
      .unsubscribeFromGroupEvents, .cancelHeadTimeStamp, .cancelPositions, .reqGlobalCancel, .reqMarketDataType,
    ]
    for kind in RequestKind.allCases where !silent.contains(kind) {
      var conversation = Conversation()
      #expect(try !conversation.ask(kind, []).isEmpty, "\(kind)")
    }
  }

  @Test(arguments: [RequestKind.reqFundamentalData, .reqScannerSubscription, .reqHistogramData, .reqMktDepth])
  func `what it does not do is refused under the request's id`(kind: RequestKind) throws {
    var conversation = Conversation()
    let fields = kind.requestIDField == 1 ? ["77"] : ["1", "77"]
    let messages = try conversation.ask(kind, fields + apple)
    #expect(messages.count == 1)
    #expect(messages.first?.prefix(4) == ["4", "2", "77", "322"])
    #expect(messages.first?[4].contains("\(kind)") == true)
  }

  @Test(arguments: ["999", "0", "-1", "x", ""])
  func `unknown message ids are refused`(id: String) throws {
    var conversation = Conversation()
    let messages = try conversation.ask(raw: Array(id.utf8) + [0])
    #expect(messages.first?.prefix(4) == ["4", "2", "-1", "505"])
  }

  @Test func `a broken request names its id and what is wrong`() throws {
    var conversation = Conversation()
    let messages = try conversation.ask(.reqMktData, ["11", "5", "not a number"])
    #expect(messages.first?.prefix(4) == ["4", "2", "5", "320"])
    #expect(messages.first?[4].contains("field 3") == true)
  }

  @Test func `errors have the layout of the version in force`() throws {
    var old = Conversation(version: 157)
    #expect(try old.ask(raw: Array("999\0".utf8)).first?.count == 5)
    var new = Conversation(version: 187)
    #expect(try new.ask(raw: Array("999\0".utf8)).first?.count == 6)
  }

  @Test(arguments: [(157, 39), (163, 40), (164, 40), (178, 40), (182, 41), (187, 42)])
  func `contract details have the layout of the version in force`(version: Int, count: Int) throws {
    var conversation = Conversation(version: version)
    let body = Conversation.body(["9", "8", "4"] + apple + ["0", "", "", ""])
    let messages = try conversation.ask(raw: body)
    #expect(messages.map(\.first) == ["10", "52"])
    #expect(messages.first?.count == count)
    #expect(messages.first?.contains("265598") == true)
  }

  /// The official clients' decoders take exactly as many fields: ibapi 9.81 for 157, and 10.46 for all of them.
  @Test(arguments: [(157, 120, 92), (163, 123, 92), (170, 128, 97), (177, 127, 96), (184, 129, 98), (187, 130, 98)])
  func `orders and trades have the layout of the version in force`(version: Int, open: Int, completed: Int) throws {
    var conversation = Conversation(version: version)
    let order = ["1"] + apple + ["", "", "BUY", "10", "LMT", "1.5", "", "GTC", "", "", "", "0", "mine", "1", "0"]
    let tail = [String](repeating: "0", count: 6) + [String](repeating: "", count: version < 177 ? 8 : 7)
    let rest = [String](repeating: "", count: 22) + [String](repeating: "", count: 27) + ["0", "0", "0"]
    #expect(try conversation.ask(.placeOrder, order + tail + rest).isEmpty)
    let listed = try conversation.ask(.reqOpenOrders, ["1"])
    #expect(listed.map(\.first) == ["5", "3", "53"])
    #expect(listed.first?.count == open)
    _ = try conversation.ask(.cancelOrder, ["1", "1", ""])
    let done = try conversation.ask(.reqCompletedOrders, ["0"])
    #expect(done.map(\.first) == ["101", "102"])
    #expect(done.first?.count == completed)
  }

  @Test func `a contract that nothing matches is refused as the gateway does`() throws {
    var conversation = Conversation()
    var nothing = apple
    nothing[1] = "NOPE"
    let body = Conversation.body(["9", "8", "4"] + nothing + ["0", "", "", ""])
    #expect(try conversation.ask(raw: body).first?.prefix(4) == ["4", "2", "4", "200"])
  }

  @Test func `a subscription is told at once, then only what has changed, until it is cancelled`() throws {
    var conversation = Conversation()
    let body = Conversation.body(["1", "11", "7"] + apple + ["0", "", "0", "0", ""])
    let first = try conversation.ask(raw: body)
    let types = Set(first.filter { $0[0] == "1" }.map { $0[3] })
    #expect(types == ["1", "2", "4", "6", "7", "9", "14"])
    #expect(conversation.session.hasStreams)
    var told = 0
    for _ in 0..<40 {
      let messages = try conversation.pass(milliseconds: 250)
      #expect(messages.count < first.count)
      told += messages.count
    }
    #expect(told > 20)
    #expect(try conversation.ask(raw: body).first?.prefix(4) == ["4", "2", "7", "102"])
    #expect(try conversation.ask(.cancelMktData, ["2", "7"]).isEmpty)
    #expect(try conversation.pass(milliseconds: 1_000).isEmpty)
    #expect(try conversation.ask(.cancelMktData, ["2", "7"]).first?.prefix(4) == ["4", "2", "7", "300"])
    #expect(!conversation.session.hasStreams)
  }

  @Test func `a snapshot ends by itself`() throws {
    var conversation = Conversation()
    let body = Conversation.body(["1", "11", "7"] + apple + ["0", "", "1", "0", ""])
    #expect(try conversation.ask(raw: body).last == ["57", "1", "7"])
    #expect(!conversation.session.hasStreams)
  }

  @Test func `without the link what needs it is refused, and what does not is answered`() throws {
    var conversation = Conversation()
    conversation.gateway.isLinked = false
    let body = Conversation.body(["1", "11", "7"] + apple + ["0", "", "0", "0", ""])
    #expect(try conversation.ask(raw: body).first?.prefix(4) == ["4", "2", "7", "504"])
    #expect(try conversation.ask(.reqCurrentTime, ["1"]).count == 1)
    #expect(try conversation.ask(.reqPositions, ["1"]) == [["62", "1"]])
  }

  @Test func `real-time bars come at every fifth second and agree with history`() throws {
    var conversation = Conversation()
    let body = Conversation.body(["50", "3", "8"] + apple + ["5", "TRADES", "0", ""])
    #expect(try conversation.ask(raw: body).isEmpty)
    var bars: [[String]] = []
    for _ in 0..<80 { bars += try conversation.pass(milliseconds: 250) }
    #expect(bars.map { $0[3] } == ["1795226870", "1795226875", "1795226880", "1795226885"])
    let history = ["9"] + apple + ["0", "20261121 02:08:10 UTC", "5 secs", "20 S", "0", "TRADES", "2", "0", ""]
    let answer = try #require(try conversation.ask(.reqHistoricalData, history).first)
    #expect(answer.prefix(5) == ["17", "9", "20261121 02:07:50 UTC", "20261121 02:08:10 UTC", "4"])
    #expect(Array(answer[5..<13]) == Array(bars[0][3...]))
  }

  @Test(arguments: [
    ("", "1 secs", "1 D", "162"), ("20261121 02:08:10 US/Eastern", "1 min", "1 D", "10314"),
    ("20100101 00:00:00 UTC", "1 min", "1 D", "162"), ("", "7 mins", "1 D", "321"), ("", "1 min", "1 H", "321"),
  ])
  func `too many bars, unknown zones, sizes and durations are refused`(
    end: String, size: String, duration: String, code: String
  ) throws {
    var conversation = Conversation()
    let fields = ["9"] + apple + ["0", end, size, duration, "0", "TRADES", "1", "0", ""]
    #expect(try conversation.ask(.reqHistoricalData, fields).first?.prefix(4) == ["4", "2", "9", code])
  }

  @Test(arguments: 0..<20)
  func `no request makes it stumble, however senseless`(seed: Int) throws {
    var random = Repeatable(state: UInt64(seed + 1))
    let pool = [
      "", "0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "1e308", "1.7976931348623157e+308", "nan",
      "Infinity", "999999999", "0.000001", "AAPL", "EUR", "STK", "CASH", "BAG", "SMART", "IDEALPRO", "USD", "BUY",
      "SELL", "MKT", "LMT", "STP", "GTC", "TRADES", "MIDPOINT", "BidAsk", "1 day", "1 secs", "600 M", "1000000 D",
      "19700101 00:00:00 UTC", "99991231-23:59:59", "20261121 02:00:00", "265598",
    ]
    var conversation = Conversation(version: Int.random(in: 157...187, using: &random))
    for _ in 0..<400 {
      let kind = RequestKind.allCases.randomElement(using: &random) ?? .placeOrder
      var fields = (0..<Int.random(in: 0...120, using: &random)).map { _ in pool.randomElement(using: &random) ?? "" }
      if Bool.random(using: &random), fields.count > 14 { fields.replaceSubrange(1..<13, with: apple) }
      _ = try conversation.ask(kind, fields)
      _ = try conversation.pass(milliseconds: 250)
      _ = conversation.gateway.brokerage.advance(to: conversation.now, conversation.gateway.market)
    }
  }

  @Test func `enormous orders do not burst the account's figures`() throws {
    var conversation = Conversation()
    for id in 1...200 {
      let order = ["\(id)"] + apple + ["", "", "BUY", "1000000000", "MKT", "", "", "", "", "", "", "0", "", "1", "0"]
      let tail = [String](repeating: "0", count: 6) + [String](repeating: "", count: 57)
      #expect(try conversation.ask(.placeOrder, order + tail).isEmpty)
    }
    _ = conversation.gateway.brokerage.advance(to: conversation.now, conversation.gateway.market)
    #expect(conversation.gateway.brokerage.executions.count == 200)
    #expect(try conversation.ask(.reqAccountUpdates, ["2", "1", ""]).last == ["54", "1", "DU1234567"])
  }

  @Test func `no cut of a request makes it stumble`() throws {
    let order = Conversation.body(["3", "1"] + apple + ["", "", "BUY", "10", "MKT", "", "", "DAY"])
    for length in 0..<order.count {
      var conversation = Conversation()
      let messages = try conversation.ask(raw: Array(order.prefix(length)))
      #expect(messages.first?.first == "4")
      #expect(conversation.events.isEmpty)
    }
  }
}
