import Testing

@testable import Splice

@Suite struct ListenTableTests {
  private static let heading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

  private func listens(_ endpoint: String, _ local: String, state: String = "0A") throws -> Bool {
    let remote = local.count > 13 ? "00000000000000000000000000000000:0000" : "00000000:0000"
    let row =
      "   0: \(local) \(remote) \(state) 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    return ListenTable.listens(try #require(Endpoint(endpoint)), in: Array((Self.heading + row).utf8))
  }

  @Test(
    "a listener on the address, or on all addresses, is found",
    arguments: [
      ("127.0.0.1:4001", "0100007F:0FA1"), ("127.0.0.1:4001", "00000000:0FA1"),
      ("[::1]:4001", "00000000000000000000000001000000:0FA1"),
      ("[::1]:4001", "00000000000000000000000000000000:0FA1"),
      ("127.0.0.1:4001", "00000000000000000000000000000000:0FA1"),
      ("127.0.0.1:4001", "0000000000000000FFFF00000100007F:0FA1"), ("127.0.0.1:65535", "0100007F:FFFF"),
    ])
  func found(endpoint: String, local: String) throws { #expect(try listens(endpoint, local)) }

  @Test(
    "another port, address or state is not a listener for it",
    arguments: [
      ("127.0.0.1:4001", "0100007F:0FA2", "0A"), ("127.0.0.1:4001", "0200007F:0FA1", "0A"),
      ("127.0.0.1:4001", "0100007F:0FA1", "01"),
      ("127.0.0.1:4001", "0100007F:0FA1", "06"), ("[::1]:4001", "00000000:0FA1", "0A"),
      ("127.0.0.1:4001", "00000000000000000000000001000000:0FA1", "0A"),
    ])
  func notFound(endpoint: String, local: String, state: String) throws {
    #expect(try !listens(endpoint, local, state: state))
  }

  @Test(
    "a broken table has no listeners",
    arguments: ["", "\n", "x", heading, heading + "   0: 0100007F", heading + "0: : : 0A :\n"])
  func broken(text: String) throws {
    #expect(try !ListenTable.listens(#require(Endpoint("127.0.0.1:4001")), in: Array(text.utf8)))
  }

  @Test func `a real listener is seen, and its end too`() throws {
    let gateway = try TestGateway { _ in }
    #expect(ListenTable.listens(gateway.endpoint) == true)
    gateway.close()
    #expect(ListenTable.listens(gateway.endpoint) == false)
  }
}
