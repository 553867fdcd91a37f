import TWSProtocol
import Testing

@Suite struct FrameTests {
  @Test func `a frame is a big-endian length and that many bytes`() {
    #expect(Frame.encode([7, 8, 9]) == [0, 0, 0, 3, 7, 8, 9])
    #expect(Frame.encode([UInt8](repeating: 1, count: 258)).prefix(5) == [0, 0, 1, 2, 1])
  }

  @Test(arguments: [1, 2, 3, 7, 64, 4_096])
  func `bodies come out whole however the bytes are cut`(longest: Int) throws {
    var random = Repeatable(state: UInt64(longest))
    let bodies = (0..<200).map { _ in
      (0..<Int.random(in: 0...700, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    var decoder = FrameDecoder()
    var found: [[UInt8]] = []
    for piece in random.pieces(bodies.flatMap(Frame.encode), longest: longest) {
      decoder.append(piece)
      while let body = try decoder.next() { found.append(body) }
    }
    #expect(found == bodies)
    #expect(decoder.pending == 0)
  }

  @Test func `no truncation of a frame yields a body`() throws {
    let whole = Frame.encode(fields("15", "1", "DU1234567"))
    for length in 0..<whole.count {
      var decoder = FrameDecoder()
      decoder.append(whole.prefix(length))
      #expect(try decoder.next() == nil)
      #expect(decoder.pending == length)
      decoder.append(whole.dropFirst(length))
      #expect(try decoder.next() == fields("15", "1", "DU1234567"))
    }
  }

  @Test(arguments: ["ffffffff", "80000000", "01000000", "00000401"])
  func `a length above the maximum is refused before its bytes are waited for`(length: String) {
    var decoder = FrameDecoder(maximumLength: 1_024)
    decoder.append(bytes(length))
    let announced = bytes(length).reduce(0) { $0 << 8 | Int($1) }
    for _ in 0..<2 {
      #expect(throws: FrameError.tooLong(length: announced, maximum: 1_024)) { try decoder.next() }
    }
  }

  @Test func `frames before a hostile one are still read`() throws {
    var decoder = FrameDecoder(maximumLength: 8)
    decoder.append(Frame.encode([1]) + Frame.encode([UInt8](repeating: 0, count: 8)) + [0, 0, 0, 9])
    #expect(try decoder.next() == [1])
    #expect(try decoder.next()?.count == 8)
    #expect(throws: FrameError.self) { try decoder.next() }
  }
}

@Suite struct FieldTests {
  @Test func `fields are read one after the other`() throws {
    var reader = FieldReader(fields("4", "2", "-1", "2104", "Market data farm connection is OK:usfarm"))
    #expect(try reader.integer() == 4)
    try reader.skip()
    #expect(try reader.integer() == -1)
    #expect(try reader.number() == 2104)
    #expect(!reader.isAtEnd)
    #expect(try reader.string() == "Market data farm connection is OK:usfarm")
    #expect(reader.isAtEnd)
  }

  @Test func `empty numbers are zero or not set`() throws {
    var reader = FieldReader(fields("", "", "", "1.7976931348623157e+308", "Infinity"))
    #expect(try reader.integer() == 0)
    #expect(try reader.number() == nil)
    #expect(try !reader.flag())
    #expect(try reader.number() == nil)
    #expect(try reader.number() == .infinity)
  }

  @Test(arguments: [("1", true), ("0", false), ("", false), ("True", true), ("False", false), ("-1", true)])
  func `truth values are read as clients write them`(text: String, value: Bool) throws {
    var reader = FieldReader(fields(text))
    #expect(try reader.flag() == value)
  }

  @Test func `what is missing, cut off or no number is told with its place`() {
    #expect(throws: MessageError.missingField(index: 1)) {
      var reader = FieldReader(fields("49"))
      try reader.skip(2)
    }
    #expect(throws: MessageError.unterminatedField(index: 1)) {
      var reader = FieldReader(fields("49") + [0x31])
      try reader.skip(2)
    }
    #expect(throws: MessageError.notANumber(index: 0)) {
      var reader = FieldReader(fields("forty-nine"))
      _ = try reader.integer()
    }
    #expect(throws: MessageError.notANumber(index: 0)) {
      var reader = FieldReader(fields("nan"))
      _ = try reader.number()
    }
    #expect(throws: MessageError.notANumber(index: 0)) {
      var reader = FieldReader(fields("99999999999999999999"))
      _ = try reader.integer()
    }
  }

  @Test func `bytes that are no UTF-8 do not stop the reading`() throws {
    var reader = FieldReader([0xFF, 0xFE, 0, 0x31, 0])
    #expect(try reader.string() == "\u{FFFD}\u{FFFD}")
    #expect(try reader.integer() == 1)
  }

  @Test func `a written message reads back`() throws {
    var writer = FieldWriter(RequestKind.reqMktData)
    writer.add("a\0b")
    writer.add(-7)
    writer.add(100.0)
    writer.add(0.00005)
    writer.add(Double?.none)
    writer.add(true)
    writer.addEmpty(2)
    let frame = writer.frame()
    #expect(frame == Frame.encode(fields("1", "ab", "-7", "100", "5e-05", "", "1", "", "")))
  }

  @Test func `the position of a request's id is known for every request`() {
    #expect(RequestKind.reqMktData.requestIDField == 2)
    #expect(RequestKind.placeOrder.requestIDField == 1)
    #expect(RequestKind.reqHistoricalData.requestIDField == 1)
    #expect(RequestKind.reqTickByTickData.requestIDField == 1)
    #expect(RequestKind.reqCurrentTime.requestIDField == nil)
    #expect(RequestKind.reqMarketRule.requestIDField == nil)
  }
}
