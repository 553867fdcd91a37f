/// Hides IBKR account numbers in what IBC prints: `DU1234567` becomes `DU***567`, which still tells two accounts apart.
public enum AccountMask {
  /// The letters that an account number may begin with: single accounts, paper, institutions, advisors and their paper twins.
  private static let prefixes: Set<String> = ["U", "DU", "I", "DI", "F", "DF"]

  /// Whether a word is an account number: one of the prefixes and five to nine digits.
  static func isAccount(_ word: some StringProtocol) -> Bool {
    let letters = word.prefix { $0.isASCII && $0.isUppercase }
    let digits = word.dropFirst(letters.count)
    return prefixes.contains(String(letters)) && (5...9).contains(digits.count)
      && digits.allSatisfy { $0.isASCII && $0.isNumber }
  }

  /// The line with every account number hidden but for its letters and its last three digits.
  public static func masked(_ line: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(line.count)
    var index = 0
    while index < line.count {
      let end = wordEnd(line, from: index)
      guard end > index else {
        result.append(line[index])
        index += 1
        continue
      }
      // Hardly any word is one, so most are let go by their length and their last byte alone.
      let isCandidate = (6...11).contains(end - index) && isDigit(line[end - 1])
      let word = isCandidate ? String(decoding: line[index..<end], as: UTF8.self) : ""
      if isCandidate, isAccount(word) {
        result += word.utf8.prefix { $0 >= UInt8(ascii: "A") }
        result += "***".utf8
        result += word.utf8.suffix(3)
      } else {
        result += line[index..<end]
      }
      index = end
    }
    return result
  }

  private static func wordEnd(_ line: [UInt8], from start: Int) -> Int {
    var end = start
    while end < line.count, isWordByte(line[end]) { end += 1 }
    return end
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}
