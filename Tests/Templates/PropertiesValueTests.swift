import Templates
import Testing

@Suite struct PropertiesValueTests {
  @Test(
    arguments: [
      ("", ""), ("plain", "plain"), (" lead", "\\ lead"), ("  two", "\\  two"), ("in side", "in side"),
      ("end ", "end "),
      ("back\\slash", "back\\\\slash"), ("\\", "\\\\"), ("#x", "\\#x"), ("!x", "\\!x"), ("a:b=c", "a\\:b\\=c"),
      ("\tx", "\\tx"), ("\u{C}", "\\f"), ("\u{1}\u{7F}", "\\u0001\\u007F"), ("é", "\\u00E9"), ("€", "\\u20AC"),
      ("😀", "\\uD83D\\uDE00"), ("e\u{301}", "e\\u0301"), ("$A${B}", "$A${B}"), ("\"'%&", "\"'%&"), ("\u{0}", "\\u0000"),
      ("\u{85}\u{2028}", "\\u0085\\u2028"),
    ])
  func `a value is spelled so that the reader returns it`(value: String, expected: String) throws {
    #expect(String(decoding: try PropertiesValue.escaped(value), as: UTF8.self) == expected)
  }

  @Test(arguments: ["\n", "a\nb", "a\r", "\r\n", "a\n"])
  func `a line break is refused`(value: String) {
    #expect(throws: PropertiesValue.LineBreak.self) { try PropertiesValue.escaped(value) }
  }

  @Test func `every spelling is printable ASCII`() throws {
    for scalar in (0...0x3000).compactMap(UnicodeScalar.init) where scalar != "\n" && scalar != "\r" {
      let bytes = try PropertiesValue.escaped("x\(scalar)")
      #expect(bytes.allSatisfy { (0x20...0x7E).contains($0) })
    }
  }

  @Test(arguments: ["a\\\\b", "\\#x", "x\\=y", "\\ x", "\\u00e9", "x\\:", "\\!"])
  func `a value that was escaped by hand is recognised`(value: String) {
    #expect(PropertiesValue.looksEscaped(value))
  }

  @Test(arguments: ["", "plain", "a\\b", "C:\\x", "\\", "a\\", "x\\ y", "\\u00g9", "\\u12", "#x", "a=b"])
  func `a value that merely has a backslash is not`(value: String) {
    #expect(!PropertiesValue.looksEscaped(value))
  }
}
