import TWSProtocol

/// The API's bytes, of clients and of gateways.
extension Target {
  private static let protocolWords = [
    "API\0", "v100..187", "v157..178 +PACEAPI", "71\0", "71\02\00\0\0", "\0\0\0G", "\0\0\u{1}\u{F}",
    "15\01\0DU1234567,U7654321\0",
    "9\01\01\0", "4\02\0-1\01100\0lost\0\0", "49\01\01700000000\0", "187\020261121 02:07:51 UTC\0", "\0", "\0\0",
    "Infinity\0",
  ]

  /// What comes of a stream of frames: their bodies, and the words of the error that ends it.
  private struct Framed: Equatable {
    var bodies: [[UInt8]] = []
    var error: FrameError?
    var pending = 0

    init(_ pieces: [ArraySlice<UInt8>], maximum: Int) {
      var decoder = FrameDecoder(maximumLength: maximum)
      for piece in pieces {
        decoder.append(piece)
        do throws(FrameError) {
          while let body = try decoder.next() { bodies.append(body) }
        } catch {
          self.error = error
          return
        }
      }
      pending = decoder.pending
    }
  }

  static let frames = Target(name: "frames", words: protocolWords) { input, dice in
    let maximum = dice.pick([0, 16, 4096, Frame.maximumLength])
    let whole = Framed([input[...]], maximum: maximum)
    try expect(Framed(dice.pieces(of: input), maximum: maximum) == whole, "frames in pieces are others than in one")
    let consumed = whole.bodies.flatMap { Frame.encode($0) }
    try expect(input.starts(with: consumed), "the frames' bodies are not what came")
    try expect(whole.bodies.allSatisfy { $0.count <= maximum }, "a frame is longer than is let")
    if whole.error == nil {
      try expect(consumed.count + whole.pending == input.count, "bytes are neither in a frame nor pending")
    }
  }

  static let hello = Target(name: "hello", words: protocolWords) { input, dice in
    let whole = ClientHello.parse(input)
    try expect(whole.length <= min(input.count, 8 + ClientHello.maximumLength), "a hello of \(whole.length) bytes")
    switch whole.result {
    case .needsMore: try expect(whole.length == input.count, "a hello that is not whole leaves bytes")
    case .hello(let hello):
      // Options that are no UTF-8 come back as what stands for them, and may be too long then.
      guard hello.options.utf8.count < 200 else { return }
      try expect(ClientHello.parse(hello.bytes).result == .hello(hello), "a hello that is written again is another one")
    case .rejected(let error): try expect("\(error)".hasPrefix("cannot "), "an error that tells nothing")
    }
  }

  static let sniffer = Target(name: "sniffer", words: protocolWords) { input, dice in
    let other = Array(input.dropFirst(dice.below(input.count)))
    func sniffed(_ client: [ArraySlice<UInt8>], _ server: [ArraySlice<UInt8>]) -> HandshakeSniffer {
      var sniffer = HandshakeSniffer()
      for piece in client { piece.withUnsafeBytes { sniffer.observeClient($0) } }
      for piece in server { piece.withUnsafeBytes { sniffer.observeServer($0) } }
      return sniffer
    }
    let (whole, cut) = (sniffed([input[...]], [input[...]]), sniffed(dice.pieces(of: input), dice.pieces(of: input)))
    try expect(
      whole.clientID == cut.clientID && whole.clientVersions == cut.clientVersions && whole.rejection == cut.rejection
        && whole.serverVersion == cut.serverVersion && whole.isFinished == cut.isFinished,
      "what is sniffed depends on the pieces")
    let (mixed, mixedCut) = (
      sniffed([other[...]], [input[...]]), sniffed(dice.pieces(of: other), dice.pieces(of: input))
    )
    try expect(mixed.serverVersion == mixedCut.serverVersion, "what is sniffed of two sides depends on the pieces")
    try expect(whole.isFinished || input.count < HandshakeSniffer.patience, "it looks on for ever")
    try expect(whole.serverVersion.map { $0 > 0 } ?? true, "a version of \(whole.serverVersion ?? 0)")
  }

  static let messages = Target(name: "messages", words: protocolWords) { input, dice in
    let version = dice.pick([100, 165, 166, 187, 193, 194, 200])
    do throws(MessageError) {
      let message = try ServerMessage(body: input, version: version)
      guard let frame = message.frame(version: version) else { return }
      let again = try ServerMessage(body: frame.dropFirst(4), version: version)
      // A NUL within a text ends it, and a text of U+FFFD stays.
      if again != message { throw MessageError.missingField(index: -1) }
    } catch .missingField(index: -1) {
      throw Finding("a message that is written again is another one")
    } catch {
      try expect("\(error)".hasPrefix("cannot "), "an error that tells nothing")
    }
  }

  static let numbers = Target(name: "numbers", words: protocolWords) { input, dice in
    var reader = FieldReader(input)
    while !reader.isAtEnd {
      var other = reader
      var third = reader
      if let number = try? other.number() {
        var writer = FieldWriter()
        writer.add(number)
        var again = FieldReader(writer.frame().dropFirst(4))
        let read = try? again.number()
        try expect(read == number, "a number comes back as another one: \(number)")
      }
      _ = try? third.flag()
      guard (try? reader.string()) != nil else { return }
    }
  }
}
