import Testing

@testable import Settings

@Suite struct RedactionTests {
  @Test func `a secret is masked wherever it stands`() {
    let redaction = Redaction(secrets: ["hunter22"])
    #expect(redaction.masked("hunter22") == "***")
    #expect(redaction.masked("xhunter22y hunter22") == "x***y ***")
    #expect(redaction.masked("hunter2 unter22") == "hunter2 unter22")
    #expect(redaction.masked("") == "")
  }

  @Test func `the spellings of Properties, JSON and URLs are masked too`() {
    let secret = " a/b\\c#d\"é😀="
    let redaction = Redaction(secrets: [secret])
    let spellings = [
      secret,
      "\\ a/b\\\\c\\#d\"\\u00E9\\uD83D\\uDE00\\=",
      "\\ a/b\\\\c\\#d\"\\u00e9\\ud83d\\ude00\\=",
      " a/b\\\\c#d\\\"é😀=",
      " a\\/b\\\\c#d\\\"é😀=",
      " a/b\\\\c#d\\\"\\u00e9\\ud83d\\ude00=",
      "%20a%2Fb%5Cc%23d%22%C3%A9%F0%9F%98%80%3D",
      "%20a%2fb%5cc%23d%22%c3%a9%f0%9f%98%80%3d",
      "+a%2Fb%5Cc%23d%22%C3%A9%F0%9F%98%80%3D",
    ]
    for spelling in spellings { #expect(redaction.masked("<\(spelling)>") == "<***>", "\(spelling)") }
  }

  @Test func `a short secret is let be, so that the log can be read`() {
    #expect(Redaction(secrets: ["", "1", "no", "abc"]).isEmpty)
    #expect(Redaction(secrets: ["abc"]).masked("abcdef") == "abcdef")
    #expect(!Redaction(secrets: ["abcd"]).isEmpty)
  }

  @Test func `secrets that overlap leave no end behind`() {
    let redaction = Redaction(secrets: ["abcdef", "defghi", "cdef"])
    #expect(redaction.masked("xabcdefghiy") == "x***y")
    #expect(redaction.masked("xcdefghi") == "x***")
    #expect(Redaction(secrets: ["aaaa"]).masked("aaaaaaa") == "***")
    #expect(Redaction(secrets: ["pass", "password"]).masked("password pass") == "*** ***")
  }

  @Test func `bytes that are no text are masked and kept as bytes`() {
    var bytes: [UInt8] = [0xFF, 0x00] + Array("secret".utf8) + [0xC3]
    Redaction(secrets: ["secret"]).mask(&bytes)
    #expect(bytes == [0xFF, 0x00] + Redaction.mask + [0xC3])
  }

  @Test func `what comes out never holds a secret, and what holds none comes out as it went in`() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let secrets = (0..<3).map { _ in word(4...6, &generator) }
      var text = ""
      for _ in 0..<6 {
        text +=
          Bool.random(using: &generator) ? secrets[Int.random(in: 0..<3, using: &generator)] : word(1...5, &generator)
      }
      let masked = Redaction(secrets: secrets).masked(text)
      if secrets.contains(where: { text.contains($0) }) {
        for secret in secrets { #expect(!masked.contains(secret)) }
      } else {
        #expect(masked == text)
      }
    }
  }

  /// A word over two letters, so that secrets overlap often.
  private func word(_ length: ClosedRange<Int>, _ generator: inout SeededGenerator) -> String {
    String((0..<Int.random(in: length, using: &generator)).map { _ in Bool.random(using: &generator) ? "a" : "b" })
  }
}

/// Random numbers that are the same in each run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
