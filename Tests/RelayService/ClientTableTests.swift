import Testing

@testable import RelayService
@testable import Splice

@Suite struct ClientTableTests {
  private func status(_ id: UInt64, peer: Endpoint, seconds: Double, from: UInt64, to: UInt64) -> ConnectionStatus {
    let record = ConnectionRecord(
      id: id, route: 0, peer: peer, acceptedAt: 1_795_249_952_632_000_000, duration: UInt64(seconds * 1e9),
      handshake: Handshake(clientVersion: 187, serverVersion: id == 3 ? 176 : nil, clientID: id == 3 ? 7 : nil),
      bytesFromClient: from,
      bytesFromGateway: to, ending: nil)
    return ConnectionStatus(
      record: record, client: .init(roundTrip: 21_340, retransmitted: 2, unacknowledged: 0),
      gateway: .init(roundTrip: 31, retransmitted: 0, unacknowledged: 0), spliced: 0)
  }

  @Test func `clients are a table in the order of their numbers`() throws {
    let near = Endpoint(IPAddress(v4: 0x0a00_0005), 53_124)
    let far = Endpoint(try #require(IPAddress("fd7a:115c:a1e0::5")), 40_000)
    let before = status(3, peer: near, seconds: 7199, from: 4000, to: 1_000_000)
    let clients = [
      ClientReport(status(12, peer: far, seconds: 0.5, from: 17, to: 0), route: "paper", before: nil),
      ClientReport(status(3, peer: near, seconds: 7200, from: 4100, to: 31_400_000), route: "live", before: before),
    ]
    #expect(
      ClientTable.lines(of: clients) == [
        "ID  ROUTE  CLIENT                     CLIENT ID  API  FOR     FROM CLIENT      TO CLIENT       ROUND TRIP  SENT AGAIN",
        "3   live   10.0.0.5:53124             7          176  2 h     4.1 kB, 100 B/s  31 MB, 30 MB/s  21 ms       2",
        "12  paper  [fd7a:115c:a1e0::5]:40000  -          187  500 ms  17 B, 34 B/s     0 B, 0 B/s      21 ms       2",
      ])
  }

  @Test func `without a client that is said`() { #expect(ClientTable.lines(of: []) == ["no client is connected"]) }

  @Test(
    "a size has a unit that keeps it short",
    arguments: [
      (0, "0 B"), (999, "999 B"), (999.6, "1.0 kB"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB"),
      (999_499, "999 kB"),
      (999_500, "1.0 MB"), (1_234_567_890, "1.2 GB"), (5e15, "5000 TB"),
    ] as [(Double, String)])
  func size(bytes: Double, text: String) { #expect(ClientTable.size(bytes) == text) }
}
