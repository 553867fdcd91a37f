import Testing

@testable import Preparation

struct ServeTargetTests {
  @Test func `every forward and proxy of a serve config counts, wherever it stands`() {
    let text = """
      {"TCP": {"4003": {"TCPForward": "127.0.0.1:14003"}, "443": {"HTTPS": true}},
       "Web": {"${TS_CERT_DOMAIN}:443": {"Handlers": {
         "/": {"Proxy": "http://127.0.0.1:2019"}, "/a": {"Proxy": "3000"}, "/b": {"Proxy": "https+insecure://localhost:8443/x"},
         "/c": {"Path": "/srv"}, "/d": {"Proxy": "unix:/run/x.sock"}, "/e": {"Proxy": "http://localhost"}, "/f": {"Text": "5"}}}},
       "Services": {"svc:x": {"TCP": {"80": {"TCPForward": "localhost:9000"}}}},
       "AllowFunnel": {"x:443": true}}
      """
    #expect(ServeTargets.ports(of: Array(text.utf8)).sorted() == [2019, 3000, 8443, 9000, 14003])
  }

  @Test(arguments: ["", "{", "[]", "null", "{\"TCP\": 5}"])
  func `what is no config leads nowhere`(text: String) { #expect(ServeTargets.ports(of: Array(text.utf8)) == []) }
}
