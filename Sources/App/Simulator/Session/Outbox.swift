import TWSProtocol

/// What can stand in a field of a message.
protocol FieldValue {
  func write(to writer: inout FieldWriter)
}

extension String: FieldValue {
  func write(to writer: inout FieldWriter) { writer.add(self) }
}

extension Int: FieldValue {
  func write(to writer: inout FieldWriter) { writer.add(self) }
}

extension Double: FieldValue {
  func write(to writer: inout FieldWriter) { writer.add(self) }
}

extension Bool: FieldValue {
  func write(to writer: inout FieldWriter) { writer.add(self) }
}

extension Optional: FieldValue where Wrapped: FieldValue {
  func write(to writer: inout FieldWriter) {
    if let self { self.write(to: &writer) } else { writer.add("") }
  }
}

/// Collects the frames for one client, in the layout of its version.
struct Outbox: Sendable {
  let version: Int
  private(set) var bytes: [UInt8] = []

  init(version: Int) {
    self.version = version
  }

  mutating func send(_ kind: ResponseKind, _ fields: any FieldValue...) {
    var writer = FieldWriter(kind)
    for field in fields { field.write(to: &writer) }
    send(writer)
  }

  mutating func send(_ writer: consuming FieldWriter) {
    bytes.append(contentsOf: writer.frame())
  }

  mutating func send(_ message: ServerMessage) {
    if let frame = message.frame(version: version) { bytes.append(contentsOf: frame) }
  }

  mutating func send(_ refusal: RequestRefusal, for requestID: Int?) {
    send(.error(APIError(requestID: requestID ?? -1, code: refusal.code, text: refusal.text)))
  }
}
