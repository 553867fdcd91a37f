/// Writes one message as a whole frame: NUL-terminated text fields behind their length.
public struct FieldWriter: Sendable {
  private var bytes: [UInt8] = [0, 0, 0, 0]

  /// A frame without a message id, as the server's first answer is.
  public init() {}

  /// A frame that begins with a client's message id.
  public init(_ kind: RequestKind) {
    add(kind.rawValue)
  }

  /// A frame that begins with a server's message id.
  public init(_ kind: ResponseKind) {
    add(kind.rawValue)
  }

  /// Appends a text field. A NUL within would end the field, so it is left out.
  public mutating func add(_ text: String) {
    bytes.append(contentsOf: text.utf8.lazy.filter { $0 != 0 })
    bytes.append(0)
  }

  /// Appends an integer field.
  public mutating func add(_ value: Int) { add(String(value)) }

  /// Appends a truth value as 1 or 0.
  public mutating func add(_ value: Bool) { add(value ? "1" : "0") }

  /// Appends a number as short as it reads back the same, whole numbers without a point (some clients read sizes as
  /// integers), and nothing where there is none.
  public mutating func add(_ value: Double?) {
    guard let value else { return add("") }
    if let whole = Int(exactly: value), whole.magnitude < 1_000_000_000_000_000 { return add(whole) }
    add(value.description)
  }

  /// Appends `count` empty fields.
  public mutating func addEmpty(_ count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }

  /// The frame, length first.
  public consuming func frame() -> [UInt8] {
    let length = UInt32(bytes.count - 4)
    for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
    return bytes
  }
}
