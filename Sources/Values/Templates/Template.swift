/// A template as GNU `envsubst` reads it: bytes in which `$NAME` and `${NAME}` stand for values, and nothing else is
/// special. A name is a letter or underscore and then letters, digits and underscores, all ASCII. `$$`, `${NAME:-x}`,
/// `$1` and every other byte stay as they are.
public struct Template: Sendable {
  /// One place where a template refers to a variable.
  public struct Reference: Sendable, Hashable {
    /// The variable.
    public let name: String
    /// The line, counted from 1.
    public let line: Int

    /// Creates a reference from its parts.
    public init(name: String, line: Int) {
      self.name = name
      self.line = line
    }
  }

  private enum Piece: Sendable {
    case bytes(Range<Int>)
    case variable(Reference)
  }

  private let bytes: [UInt8]
  private let pieces: [Piece]

  /// Reads a template. Every sequence of bytes is one.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var pieces: [Piece] = []
    var kept = 0
    var line = 1
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "$"), let (name, end) = Self.variable(in: bytes, at: index) {
        if kept < index { pieces.append(.bytes(kept..<index)) }
        pieces.append(.variable(Reference(name: name, line: line)))
        kept = end
        index = end
        continue
      }
      if byte == UInt8(ascii: "\n") { line += 1 }
      index += 1
    }
    if kept < bytes.count { pieces.append(.bytes(kept..<bytes.count)) }
    self.pieces = pieces
  }

  /// Every reference to a variable, in order.
  public var references: [Reference] {
    pieces.compactMap { piece in
      if case .variable(let reference) = piece { reference } else { nil }
    }
  }

  /// The template with each variable replaced. `nil` means a variable that nobody knows, which becomes nothing.
  public func rendered<Failure: Error>(
    _ value: (Reference) throws(Failure) -> [UInt8]?
  ) throws(Failure) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for piece in pieces {
      switch piece {
      case .bytes(let range): result += bytes[range]
      case .variable(let reference): result += try value(reference) ?? []
      }
    }
    return result
  }

  /// The variable that begins with the dollar sign at an index, and where it ends.
  private static func variable(in bytes: [UInt8], at dollar: Int) -> (name: String, end: Int)? {
    var index = dollar + 1
    let braced = index < bytes.count && bytes[index] == UInt8(ascii: "{")
    if braced { index += 1 }
    let start = index
    guard start < bytes.count, isLetter(bytes[start]) else { return nil }
    while index < bytes.count, isLetter(bytes[index]) || isDigit(bytes[index]) { index += 1 }
    let name = String(decoding: bytes[start..<index], as: UTF8.self)
    if !braced { return (name, index) }
    return index < bytes.count && bytes[index] == UInt8(ascii: "}") ? (name, index + 1) : nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
