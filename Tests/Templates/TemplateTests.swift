import Templates
import Testing

@Suite struct TemplateTests {
  private let values = ["A": "1", "B": "two", "_x9": "u", "EMPTY": "", "DOLLAR": "$A", "Ä": "no"]

  private func render(_ text: String) -> String {
    let bytes = Template(Array(text.utf8)).rendered { reference in values[reference.name].map { Array($0.utf8) } }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    arguments: [
      ("", ""), ("plain", "plain"), ("$A", "1"), ("${A}", "1"), ("$A$B", "1two"), ("${A}${B}", "1two"),
      ("$A.$B", "1.two"),
      ("$AB", ""), ("${A}B", "1B"), ("$_x9", "u"), ("$", "$"), ("a$", "a$"), ("$$", "$$"), ("$$A", "$1"),
      ("$$$A", "$$1"),
      ("${", "${"), ("${}", "${}"), ("${A", "${A"), ("${A:-x}", "${A:-x}"), ("${A}}", "1}"), ("${{A}}", "${{A}}"),
      ("$1", "$1"), ("${1}", "${1}"), ("$1A", "$1A"), ("${ A}", "${ A}"), ("${A }", "${A }"), ("${A$B}", "${Atwo}"),
      ("${A${B}", "${Atwo"), ("$EMPTY.", "."), ("$UNKNOWN.", "."), ("${UNKNOWN}.", "."), ("$DOLLAR", "$A"),
      ("\\$A", "\\1"),
      ("'$A'", "'1'"), ("$Ä", "$Ä"), ("${Ä}", "${Ä}"), ("$Aä", "1ä"), ("$A\n", "1\n"), ("$\nA", "$\nA"),
      ("$A\u{0}$B", "1\u{0}two"),
      ("$-A", "$-A"), ("$?", "$?"), ("#$A", "#1"),
    ])
  func `only dollar and a name are special, as for envsubst`(template: String, expected: String) {
    #expect(render(template) == expected)
  }

  @Test func `bytes that are no text stay as they are`() {
    let bytes: [UInt8] = [0xFF, 0x24, 0xC3, 0x24, 0x41, 0x00, 0x80, 0x24]
    #expect(Template(bytes).rendered { _ in [0xFE] } == [0xFF, 0x24, 0xC3, 0xFE, 0x00, 0x80, 0x24])
  }

  @Test func `references carry their lines, repeated ones too`() {
    let template = Template(Array("a\n$A ${B}\r\n\n$A$$ ${C:-x}\n${D}".utf8))
    #expect(
      template.references == [
        .init(name: "A", line: 2), .init(name: "B", line: 2), .init(name: "A", line: 4), .init(name: "D", line: 5),
      ])
  }

  @Test func `an error of a value ends the rendering`() {
    struct Refused: Error, Equatable {}
    #expect(throws: Refused.self) {
      try Template(Array("x$A".utf8)).rendered { _ throws(Refused) in throw Refused() }
    }
  }
}
