import Lifecycle
import Testing

@testable import Tailnet

@Suite struct WatchTests {
  private func status(_ text: String) throws -> NodeStatus { try #require(NodeStatus(Array(text.utf8))) }

  private let refused = """
    {"BackendState":"NeedsLogin","Health":["You are logged out. The last login error was: invalid key: no such key"]}
    """

  @Test func `the bus's words of a failed login count at once`() throws {
    var watch = TailnetWatch()
    watch.begin()
    watch.beginLogin(at: 1000)
    watch.hear(try #require(BusMessage(Array(#"{"ErrMessage":"invalid key: no such key"}"#.utf8))))
    watch.take(try status(#"{"BackendState":"NeedsLogin","Health":[]}"#), at: 1001)
    #expect(watch.report.failure == "invalid key: no such key")
  }

  @Test func `the health texts count where the bus has said nothing, but not those from before a login`() throws {
    var watch = TailnetWatch()
    watch.begin()
    watch.take(try status(refused), at: 0)
    #expect(watch.report.failure == "invalid key: no such key")
    watch.beginLogin(at: 1000)
    watch.take(try status(refused), at: 1001)
    #expect(watch.report.failure == nil)
    watch.take(try status(refused), at: 1000 + TailnetWatch.staleness)
    #expect(watch.report.failure == "invalid key: no such key")
    watch.take(try status(#"{"BackendState":"Running","HaveNodeKey":true}"#), at: 9000)
    #expect(watch.report.failure == nil && watch.report.hasNodeKey)
  }

  @Test func `a lost daemon leaves nothing but the count of the conversations and the key's file`() throws {
    var watch = TailnetWatch()
    watch.note(keyStamp: "1")
    watch.begin()
    watch.take(try status(#"{"BackendState":"Running","Health":["a","b"],"CertDomains":["x"]}"#), at: 0)
    #expect(watch.report.health == ["a", "b"])
    watch.lose("nothing serves it")
    var expected = TailnetReport()
    (expected.session, expected.why, expected.keyStamp) = (1, "nothing serves it", "1")
    #expect(watch.report == expected && watch.domains == [])
    watch.begin()
    #expect(watch.report.session == 2)
  }

  @Test(
    arguments: [
      ("2027-05-20T02:35:47Z", 1_810_780_547_000), ("2027-05-20T02:35:47.134459129Z", 1_810_780_547_000),
      ("2024-02-29T23:59:59+02:00", 1_709_243_999_000), ("1970-01-01T00:00:00Z", 0), ("0001-01-01T00:00:00Z", nil),
      ("soon", nil), ("2027-13-01T00:00:00Z", nil), ("", nil),
    ] as [(String, Int64?)])
  func `times are read as Go writes them`(text: String, expected: Int64?) {
    #expect(milliseconds(rfc3339: text) == expected)
  }

  @Test func `the node's name is put into a serve config, and nothing else is changed`() throws {
    let text = #"{"Web":{"${TS_CERT_DOMAIN}:443":{}},"AllowFunnel":{"${TS_CERT_DOMAIN}:443":false}}"#
    let config = try ServeConfig(text, domains: ["ib.tail1234.ts.net"])
    #expect(
      String(decoding: config.body, as: UTF8.self)
        == #"{"Web":{"ib.tail1234.ts.net:443":{}},"AllowFunnel":{"ib.tail1234.ts.net:443":false}}"#)
    #expect(try ServeConfig(Sample.text("serve-config.json"), domains: []).body == Sample.bytes("serve-config.json"))
    #expect(try ServeConfig("{}", domains: []).body == Array("{}".utf8))
  }

  @Test(
    arguments: [
      ("{\"Web\":", "no JSON object"), ("[]", "no JSON object"), ("", "no JSON object"),
      ("{\"tcp\":{}}", "\"tcp\""), ("{\"Web\":{\"${TS_CERT_DOMAIN}:443\":{}}}", "no domain"),
    ])
  func `a file that is no serve config is refused with the reason`(text: String, why: String) {
    #expect {
      try ServeConfig(text, domains: [])
    } throws: {
      ($0 as? ServeConfig.Refusal)?.why.contains(why) == true
    }
  }
}
