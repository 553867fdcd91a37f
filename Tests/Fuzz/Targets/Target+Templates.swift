import Templates

/// Templates and what is put into them, each against a reader of its own that was written after the other program's rules.
extension Target {
  private static let templateWords = [
    "$", "${", "}", "$A", "${A}", "${LONG_NAME_9}", "$$A", "${A:-x}", "$1", "${1}", "${A", "\\$A", "\n", "IbLoginId=",
    "é", "$_",
  ]

  static let template = Target(name: "template", words: templateWords) { input, dice in
    let value: (String) -> [UInt8]? = { name in
      name.utf8.count % 3 == 0 ? nil : Array("<\(name)>$\(name)".utf8)
    }
    let template = Template(input)
    let rendered = template.rendered { reference -> [UInt8]? in value(reference.name) }
    try expect(rendered == substituted(input, value), "it is rendered otherwise than envsubst does")
    try expect(template.references.map(\.line) == template.references.map(\.line).sorted(), "lines are out of order")
    let lines = input.count { $0 == 10 } + 1
    try expect(template.references.allSatisfy { (1...lines).contains($0.line) }, "a line that is not there")
  }

  /// As GNU envsubst reads a text: a name after `$` or between `${` and `}`.
  private static func substituted(_ text: [UInt8], _ value: (String) -> [UInt8]?) -> [UInt8] {
    let isLetter = { (byte: UInt8) in (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 }
    let isInside = { (byte: UInt8) in isLetter(byte) || (48...57).contains(byte) }
    var result: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "$") else {
        result.append(byte)
        continue
      }
      var name = rest
      let isBraced = name.first == UInt8(ascii: "{")
      if isBraced { name = name.dropFirst() }
      let word = name.prefix(while: isInside)
      let isClosed = !isBraced || name.dropFirst(word.count).first == UInt8(ascii: "}")
      if let first = word.first, isLetter(first), isClosed {
        result += value(String(decoding: word, as: UTF8.self)) ?? []
        rest = name.dropFirst(word.count + (isBraced ? 1 : 0))
      } else {
        result.append(byte)
      }
    }
    return result
  }

  static let properties = Target(
    name: "properties", words: ["\\", "#", "!", ":", "=", " ", "\t", "\u{C}", "é", "€", "😀", "\\u0041"]
  ) {
    input, dice in
    let text = String(decoding: input, as: UTF8.self)
    guard let escaped = try? PropertiesValue.escaped(text) else {
      return try expect(text.utf8.contains { $0 == 10 || $0 == 13 }, "a value without a line break is refused")
    }
    try expect(escaped.allSatisfy { (0x20...0x7E).contains($0) }, "a byte that is not printable ASCII")
    try expect(readBack(escaped) == Array(text.utf16), "Java would read another value")
    _ = PropertiesValue.looksEscaped(text)
  }

  /// As java.util.Properties reads the value of one line: white space before it is left out, and escapes are undone.
  private static func readBack(_ value: [UInt8]) -> [UInt16] {
    var rest = value.drop { [0x20, 0x09, 0x0C].contains($0) }
    var units: [UInt16] = []
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
        units.append(UInt16(byte))
        continue
      }
      switch escaped {
      case UInt8(ascii: "u"):
        units.append(UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(4)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "f"): units.append(12)
      default: units.append(UInt16(escaped))
      }
    }
    return units
  }
}
