import Testing

@testable import Splice

@Suite struct AddressTests {
  @Test(
    "an address is written as it was read",
    arguments: [
      "127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "fd7a:115c:a1e0::5",
      "2001:db8::8:800:200c:417a",
    ])
  func roundTrip(text: String) { #expect(IPAddress(text)?.description == text) }

  @Test(
    "what is no address is refused",
    arguments: [
      "", "localhost", "127.0.0.1.2", "256.0.0.1", "1.2.3", ":::", "fe80::1%eth0", "[::1]", "127.0.0.1/8", " 127.0.0.1",
    ])
  func refused(text: String) { #expect(IPAddress(text) == nil) }

  @Test func `an IPv4 address and its mapped form are one`() {
    #expect(IPAddress("::ffff:10.1.2.3") == IPAddress("10.1.2.3"))
    #expect(IPAddress("::ffff:10.1.2.3")?.description == "10.1.2.3")
    #expect(IPAddress("::ffff:127.0.0.1")?.isLoopback == true)
  }

  @Test func `loopback and wildcard addresses of both families are known`() {
    #expect(["127.0.0.1", "127.0.0.2", "127.255.255.255", "::1"].allSatisfy { IPAddress($0)?.isLoopback == true })
    #expect(["126.0.0.1", "128.0.0.1", "::2", "::", "1::1"].allSatisfy { IPAddress($0)?.isLoopback == false })
    #expect(["0.0.0.0", "::"].allSatisfy { IPAddress($0)?.isWildcard == true })
    #expect(["0.0.0.1", "::1"].allSatisfy { IPAddress($0)?.isWildcard == false })
  }

  @Test(
    "a range holds its own addresses and no other",
    arguments: [
      ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
      ("172.16.0.0/12", "172.31.255.255", true),
      ("172.16.0.0/12", "172.32.0.0", false), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
      ("::/0", "2001:db8::1", true), ("fc00::/7", "fdff::1", true), ("fc00::/7", "fe00::1", false),
      ("fd7a:115c:a1e0::/48", "fd7a:115c:a1e0:ffff::9", true), ("fd7a:115c:a1e0::/48", "fd7a:115c:a1e1::9", false),
      ("192.168.1.7", "192.168.1.7", true), ("192.168.1.7", "192.168.1.8", false),
      ("192.168.1.7/32", "192.168.1.7", true),
      ("::1/128", "::1", true), ("::1/128", "::2", false), ("::ffff:10.0.0.0/104", "10.9.9.9", true),
      ("2001:db8::/63", "2001:db8:0:1::", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
    ])
  func contains(range: String, address: String, expected: Bool) throws {
    let range = try #require(AddressRange(range))
    let address = try #require(IPAddress(address))
    #expect(range.contains(address) == expected)
  }

  @Test(
    "what is no range is refused",
    arguments: [
      "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8/8", "ten/8",
      "10.0.0.0/+8",
    ])
  func refusedRange(text: String) { #expect(AddressRange(text) == nil) }

  @Test func `bits below the prefix are cleared`() {
    #expect(AddressRange("10.1.2.3/8") == AddressRange("10.0.0.0/8"))
    #expect(AddressRange("10.1.2.3/8")?.description == "10.0.0.0/8")
    #expect(AddressRange("fd00:1::7/16")?.description == "fd00::/16")
  }

  @Test(
    "by default the addresses that the internet does not route may connect, and no others",
    arguments: [
      ("127.0.0.1", true), ("10.4.5.6", true), ("172.17.0.1", true), ("192.168.178.20", true), ("100.100.1.1", true),
      ("169.254.3.4", true), ("::1", true), ("fd7a:115c:a1e0::1", true), ("fe80::42", true), ("::ffff:10.0.0.1", true),
      ("8.8.8.8", false), ("100.128.0.1", false), ("172.32.0.1", false), ("192.169.0.1", false), ("2001:db8::1", false),
      ("::ffff:8.8.8.8", false), ("fec0::1", false), ("::", false), ("0.0.0.0", false),
    ])
  func standardRanges(text: String, expected: Bool) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressRange.loopbackAndPrivate.contains { $0.contains(address) } == expected)
  }

  @Test(
    "an endpoint is written as it was read",
    arguments: ["127.0.0.1:4001", "[::1]:4003", "[fd00::5]:65535", "0.0.0.0:0"])
  func endpointRoundTrip(text: String) throws {
    let endpoint = try #require(Endpoint(text))
    #expect(endpoint.description == text)
    #expect(Endpoint(endpoint.system) == endpoint)
  }

  @Test(
    "what is no endpoint is refused",
    arguments: [
      "", ":4001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:4001", "[::1:4001", "[]:1", "host:4001",
      "127.0.0.1:-1",
    ])
  func refusedEndpoint(text: String) { #expect(Endpoint(text) == nil) }
}
