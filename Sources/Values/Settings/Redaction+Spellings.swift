/// The spellings under which a secret can turn up in what a child prints.
extension Redaction {
  static func spellings(of secret: String) -> [[UInt8]] {
    [
      Array(secret.utf8),
      properties(secret, uppercase: true), properties(secret, uppercase: false),
      json(secret, uppercase: true, solidus: false, ascii: true),
      json(secret, uppercase: false, solidus: false, ascii: true),
      json(secret, uppercase: false, solidus: true, ascii: true),
      json(secret, uppercase: false, solidus: false, ascii: false),
      json(secret, uppercase: false, solidus: true, ascii: false),
      url(secret, uppercase: true, plus: false), url(secret, uppercase: false, plus: false),
      url(secret, uppercase: true, plus: true), url(secret, uppercase: false, plus: true),
    ]
  }

  /// As Java's Properties reads a value: a leading space and the special characters escaped.
  private static func properties(_ secret: String, uppercase: Bool) -> [UInt8] {
    var result: [UInt8] = []
    for (index, unit) in secret.utf16.enumerated() {
      switch unit {
      case 0x20 where index == 0: result += "\\ ".utf8
      case 0x09: result += "\\t".utf8
      case 0x0C: result += "\\f".utf8
      case 0x5C, 0x23, 0x21, 0x3A, 0x3D: result += [0x5C, UInt8(unit)]
      case 0x20...0x7E: result.append(UInt8(unit))
      default: result += "\\u\(hexadecimal(unit, digits: 4, uppercase: uppercase))".utf8
      }
    }
    return result
  }

  /// As the inside of a JSON string. `solidus` escapes slashes, `ascii` everything outside ASCII.
  private static func json(_ secret: String, uppercase: Bool, solidus: Bool, ascii: Bool) -> [UInt8] {
    var result: [UInt8] = []
    for scalar in secret.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)".utf8
      case "/" where solidus: result += "\\/".utf8
      case "\t": result += "\\t".utf8
      case "\u{8}": result += "\\b".utf8
      case "\u{C}": result += "\\f".utf8
      case _ where scalar.value < 0x20 || ascii && !scalar.isASCII:
        for unit in String(scalar).utf16 {
          result += "\\u\(hexadecimal(unit, digits: 4, uppercase: uppercase))".utf8
        }
      default: result += String(scalar).utf8
      }
    }
    return result
  }

  /// Percent-encoded, with everything but the unreserved characters escaped; `plus` writes a space as a form does.
  private static func url(_ secret: String, uppercase: Bool, plus: Bool) -> [UInt8] {
    var result: [UInt8] = []
    for byte in secret.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "~"):
        result.append(byte)
      case UInt8(ascii: " ") where plus: result.append(UInt8(ascii: "+"))
      default: result += "%\(hexadecimal(UInt16(byte), digits: 2, uppercase: uppercase))".utf8
      }
    }
    return result
  }

  private static func hexadecimal(_ unit: UInt16, digits: Int, uppercase: Bool) -> String {
    let text = String(unit, radix: 16, uppercase: uppercase)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
