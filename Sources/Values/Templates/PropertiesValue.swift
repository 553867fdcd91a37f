/// The value of an entry in a Java Properties file, as `Properties.load(InputStream)` reads it: ISO 8859-1, with backslash
/// escapes. Source: the documentation of java.util.Properties, and its reader.
public enum PropertiesValue {
  /// A value that no single line can hold.
  public struct LineBreak: Error, Sendable, Equatable {}

  /// Spells a value so that the reader returns it unchanged, wherever in a value it stands. What is not printable ASCII
  /// becomes `\uXXXX`, characters outside the Basic Multilingual Plane as two of them, so the bytes are the same in
  /// ISO 8859-1 and UTF-8.
  ///
  /// - Throws: `LineBreak` for a value with a line feed or a carriage return. The format could carry them, but no name or
  ///   password has one, and a break that came with a file would end in a failed login.
  public static func escaped(_ value: String) throws(LineBreak) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(value.utf8.count + 8)
    for (index, unit) in value.utf16.enumerated() {
      switch unit {
      case 0x0A, 0x0D: throw LineBreak()
      case 0x09: result += "\\t".utf8
      case 0x0C: result += "\\f".utf8
      case 0x20 where index == 0: result += "\\ ".utf8
      case 0x5C, 0x23, 0x21, 0x3A, 0x3D: result += [UInt8(ascii: "\\"), UInt8(unit)]
      case 0x20...0x7E: result.append(UInt8(unit))
      default: result += unicodeEscape(unit)
      }
    }
    return result
  }

  /// Whether a value has an escape that only the reader of a Properties file would undo: doubled backslashes, a backslash
  /// before one of `# ! : =` or a leading space, or `\uXXXX`. A value written so by hand for an entrypoint that does not
  /// escape would now arrive with its backslashes.
  public static func looksEscaped(_ value: String) -> Bool {
    let bytes = Array(value.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\\") {
      guard index + 1 < bytes.count else { continue }
      switch bytes[index + 1] {
      case UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "!"), UInt8(ascii: ":"), UInt8(ascii: "="): return true
      case UInt8(ascii: " ") where index == 0: return true
      case UInt8(ascii: "u"):
        let digits = bytes[(index + 2)...].prefix(4)
        if digits.count == 4, digits.allSatisfy(isHexadecimal) { return true }
      default: continue
      }
    }
    return false
  }

  private static func unicodeEscape(_ unit: UInt16) -> [UInt8] {
    let digits = String(unit, radix: 16, uppercase: true)
    return Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
