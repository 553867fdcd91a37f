import Callers
import FoundationEssentials
import LocalHTTP
import Testing

@testable import Tailnet

struct WhoisTests {
  /// The body of a recorded answer, whether or not its head was recorded too.
  private func body(_ name: String) throws -> [UInt8] {
    let path = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")
    let bytes = Array(try Data(contentsOf: URL(filePath: "/\(path)/Samples/\(name)")))
    let start = try #require(bytes.firstIndex(of: UInt8(ascii: "{")))
    return Array(bytes[start...])
  }

  @Test(arguments: ["whois.json", "whois_proto_tcp_loopback.json"])
  func `a recorded answer names the node, its user and its address`(sample: String) throws {
    #expect(
      WhoisAnswer(HTTPResponse(status: 200, body: try body(sample)))
        == .peer(
          Caller.Peer(login: "alice@example.com", node: "laptop.tail1234.ts.net", address: "100.64.0.2", tags: [])))
  }

  @Test func `a tagged node has its tags, and a node without IPv4 its other address`() throws {
    let text =
      #"{"Node":{"Name":"w.t.ts.net.","Addresses":["fd7a::5/128"],"Tags":["tag:bot"]},"#
      + #""UserProfile":{"LoginName":"tagged-devices"}}"#
    #expect(
      WhoisAnswer(HTTPResponse(status: 200, body: Array(text.utf8)))
        == .peer(Caller.Peer(login: "tagged-devices", node: "w.t.ts.net", address: "fd7a::5", tags: ["tag:bot"])))
  }

  @Test func `what is no answer names nobody`() {
    #expect(WhoisAnswer(HTTPResponse(status: 404, body: [])) == .nobody)
    #expect(
      WhoisAnswer(HTTPResponse(status: 200, body: Array("{}".utf8))) == .unanswered("its answer is not understood"))
    #expect(WhoisAnswer(HTTPResponse(status: 403, body: [])) == .unanswered("it answered with status 403"))
  }

  @Test func `a recorded status tells the way in, the addresses and the tailnet's suffix`() throws {
    let addresses = try #require(NodeStatus(body("status.json")).flatMap { NodeAddresses($0) })
    #expect(
      addresses
        == NodeAddresses(
          usesKernel: false, addresses: ["100.64.0.1", "fd7a:115c:a1e0:ab12:4843:cd96:6240:1"],
          suffix: "tail1234.ts.net"))
    let early = #"{"TUN":true,"BackendState":"NoState","TailscaleIPs":null,"MagicDNSSuffix":""}"#
    #expect(
      NodeStatus(Array(early.utf8)).flatMap { NodeAddresses($0) }
        == NodeAddresses(usesKernel: true, addresses: [], suffix: nil))
  }
}
