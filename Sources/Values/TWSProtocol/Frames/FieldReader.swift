/// Why a message's body cannot be read.
public enum MessageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The body ends before field `index` (0 is the message id).
  case missingField(index: Int)
  /// Field `index` should be a number and holds something else.
  case notANumber(index: Int)
  /// Field `index` has no terminating NUL.
  case unterminatedField(index: Int)
  /// The connection's version is one whose messages are not text, or are laid out in a way unknown here.
  case unsupportedVersion(Int)

  /// One sentence for a log or an error message to the peer. It never repeats what the field holds.
  public var description: String {
    switch self {
    case .missingField(let index):
      "cannot read a message: it ends before field \(index); the sender uses another layout"
    case .notANumber(let index):
      "cannot read a message: field \(index) is no number; the sender uses another layout"
    case .unterminatedField(let index):
      "cannot read a message: field \(index) is cut off; the sender broke its own frame"
    case .unsupportedVersion(let version):
      "cannot read messages of API version \(version): they are not text; announce \(ServerVersion.lastText) at most"
    }
  }
}

/// Takes the NUL-terminated text fields of one message's body, one after the other.
public struct FieldReader: Sendable {
  /// IBKR's marks for a number that is not set: the largest double, and the largest 32-bit integer.
  public static let unsetNumber = Double.greatestFiniteMagnitude
  /// See `unsetNumber`.
  public static let unsetInteger = Int(Int32.max)

  private let body: ArraySlice<UInt8>
  private var position: Int
  private var index = 0

  /// - Parameter body: a frame's body, from the message id on.
  public init(_ body: some Sequence<UInt8>) {
    self.body = ArraySlice(body)
    self.position = self.body.startIndex
  }

  /// Whether every field has been taken.
  public var isAtEnd: Bool { position == body.endIndex }

  /// The next field. Bytes that are no UTF-8 are replaced, as the clients do.
  public mutating func string() throws(MessageError) -> String {
    guard position < body.endIndex else { throw .missingField(index: index) }
    guard let end = body[position...].firstIndex(of: 0) else { throw .unterminatedField(index: index) }
    defer {
      position = end + 1
      index += 1
    }
    return String(decoding: body[position..<end], as: UTF8.self)
  }

  /// The next field as an integer. An empty field is 0, as IBKR's own decoders read it.
  public mutating func integer() throws(MessageError) -> Int {
    let at = index
    let text = try string()
    if text.isEmpty { return 0 }
    guard let value = Int(text) else { throw .notANumber(index: at) }
    return value
  }

  /// The next field as a number, or nil where it is empty or holds IBKR's mark for "not set".
  public mutating func number() throws(MessageError) -> Double? {
    let at = index
    let text = try string()
    if text.isEmpty { return nil }
    if text == "Infinity" || text == "Infinite" { return .infinity }
    guard let value = Double(text), !value.isNaN else { throw .notANumber(index: at) }
    return value == Self.unsetNumber ? nil : value
  }

  /// The next field as a truth value: 0 and empty are false. Some clients write `True` and `False`.
  public mutating func flag() throws(MessageError) -> Bool {
    let at = index
    switch try string() {
    case "", "0", "False", "false": return false
    case "True", "true": return true
    case let text:
      guard let value = Int(text) else { throw .notANumber(index: at) }
      return value != 0
    }
  }

  /// Passes over fields that are not needed.
  public mutating func skip(_ count: Int = 1) throws(MessageError) {
    for _ in 0..<max(0, count) { _ = try string() }
  }
}
