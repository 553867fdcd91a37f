import Lifecycle
import Testing

@Suite struct WordsTests {
  @Test(
    arguments: [
      (-5, "0 ms"), (0, "0 ms"), (999, "999 ms"), (1000, "1 s"), (1099, "1 s"), (4500, "4.5 s"), (9999, "9.9 s"),
      (10_000, "10 s"), (119_999, "119 s"), (120_000, "2 min"), (720_000, "12 min"), (7_199_999, "119 min"),
      (7_200_000, "2 h"), (12_000_000, "3 h 20 min"), (86_400_000, "24 h"), (172_799_999, "47 h 59 min"),
      (172_800_000, "2 d"), (187_200_000, "2 d 4 h"),
    ] as [(Int64, String)])
  func `a duration is said as a person says it`(milliseconds: Int64, text: String) {
    #expect(spoken(milliseconds: milliseconds) == text)
  }

  @Test(
    arguments: [
      (.code(0), "exit code 0", 0), (.code(78), "exit code 78", 78), (.signal(9), "signal 9 (KILL)", 137),
      (.signal(15), "signal 15 (TERM)", 143), (.signal(40), "signal 40", 168),
    ] as [(Exit, String, Int32)])
  func `an end is said with its number, and has the code that a shell gives it`(exit: Exit, text: String, code: Int32) {
    #expect("\(exit)" == text)
    #expect(exit.shellCode == code)
  }

  @Test func `severities are ordered from the least to the most`() {
    #expect(Severity.allCases.sorted() == [.debug, .info, .warning, .error])
    #expect(Severity.warning < .error)
    #expect(!(Severity.error < .info))
  }

  @Test func `a gateway's name says its mode`() {
    #expect(ServiceName.gateway(.live).text == "ibc-live")
    #expect("\(ServiceName.gateway(.paper))" == "ibc-paper")
    #expect(["xvfb", "caddy"].sorted() == ["caddy", "xvfb"] as [ServiceName])
  }
}
