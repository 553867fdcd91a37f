import Files
import Glibc
import TestSupport
import Testing

@testable import RelayService
@testable import Splice

@Suite struct AccessLogTests {
  private static let route = RelayServiceConfiguration.Route(
    name: "live", listen: [], upstream: Endpoint(IPAddress(v4: 0x7f00_0001), 4001))

  private static func record(
    _ id: UInt64 = 12, handshake: Handshake = Handshake(clientVersion: 187, serverVersion: 176, clientID: 7),
    ending: Ending? = nil
  ) -> ConnectionRecord {
    ConnectionRecord(
      id: id, route: 0, peer: Endpoint(IPAddress(v4: 0x0a00_0005), 53_124), acceptedAt: 1_795_249_952_632_044_123,
      duration: 61_500_000_000, handshake: handshake, bytesFromClient: 4321, bytesFromGateway: 987_654, ending: ending)
  }

  private static func text(_ append: (AccessLogFormat, inout [UInt8]) -> Void) -> String {
    var lines: [UInt8] = []
    append(AccessLogFormat(route: "live", upstream: route.upstream), &lines)
    return String(decoding: lines, as: UTF8.self)
  }

  @Test func `an opening is one line in Caddy's names`() {
    #expect(
      Self.text { $0.appendOpened(Self.record(), to: &$1) }
        == #"{"level":"info","ts":1795249952.632044,"logger":"relay.access.live","msg":"opened","id":12,"remote_ip":"10.0.0.5","#
        + #""remote_port":"53124","upstream":"127.0.0.1:4001","client_id":7,"client_version":187,"server_version":176}"#
        + "\n")
  }

  @Test func `an end says for how long, how much, who and why`() {
    let record = Self.record(ending: Ending(by: .client, reason: .closed))
    #expect(
      Self.text { $0.appendClosed(record, to: &$1) }
        == #"{"level":"info","ts":1795250014.132044,"logger":"relay.access.live","msg":"closed","id":12,"remote_ip":"10.0.0.5","#
        + #""remote_port":"53124","upstream":"127.0.0.1:4001","client_id":7,"client_version":187,"server_version":176,"#
        + #""duration":61.500000,"bytes_read":4321,"size":987654,"closed_by":"client","reason":"closed"}"# + "\n")
  }

  @Test func `what the handshake did not tell is left out`() {
    let text = Self.text { $0.appendOpened(Self.record(handshake: Handshake()), to: &$1) }
    #expect(!text.contains("client_id") && !text.contains("version"))
  }

  @Test func `a client id may be any number that a client sends`() {
    for id in [0, -1, 2_147_483_647, Int.min, Int.max] {
      let text = Self.text { $0.appendOpened(Self.record(handshake: Handshake(clientID: id)), to: &$1) }
      #expect(text.contains("\"client_id\":\(id)}"))
    }
  }

  @Test(
    "an address is written as ever",
    arguments: ["0.0.0.0", "127.0.0.1", "255.255.255.255", "10.20.30.40", "::1", "fd7a:115c:a1e0::5"])
  func address(text: String) throws {
    let peer = Endpoint(try #require(IPAddress(text)), 1)
    let record = ConnectionRecord(
      id: 1, route: 0, peer: peer, acceptedAt: 0, duration: 0, handshake: Handshake(), bytesFromClient: 0,
      bytesFromGateway: 0, ending: nil)
    #expect(Self.text { $0.appendOpened(record, to: &$1) }.contains("\"remote_ip\":\"\(text)\",\"remote_port\":\"1\""))
  }

  @Test(
    "a time is exact to its last digit",
    arguments: [
      (0, "0.000000"), (1, "0.000000"), (999_999_999, "0.999999"), (1_000_000_001, "1.000000"),
      (61_000_001_000, "61.000001"),
      (UInt64.max, "18446744073.709551"),
    ] as [(UInt64, String)])
  func seconds(nanoseconds: UInt64, text: String) {
    var bytes: [UInt8] = []
    AccessLogFormat.appendSeconds(nanoseconds, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }

  @Test func `a full log is set aside, and only so many are kept`() throws {
    try withFolder { folder in
      let log = AccessLog(directory: folder, route: Self.route, size: 1000, kept: 2)
      for id in 1...20 { #expect(write(Self.record(UInt64(id)), to: log, at: 1) == nil) }
      let names = try FileSystem.list(folder).sorted()
      #expect(names == ["access-live.log", "access-live.log.1", "access-live.log.2"])
      let lines = try ["access-live.log.2", "access-live.log.1", "access-live.log"].flatMap { name in
        let text = try FileSystem.readText("\(folder)/\(name)")
        #expect(text.utf8.count <= 1000)
        return text.split(separator: "\n").map(String.init)
      }
      // Nothing is missing between the oldest that was kept and the newest.
      let ids = lines.compactMap {
        $0.split(separator: "\"id\":").last?.split(separator: ",").first.flatMap { Int($0) }
      }
      #expect(ids == Array((21 - ids.count)...20))
    }
  }

  @Test func `with none to keep, the log begins anew`() throws {
    try withFolder { folder in
      let log = AccessLog(directory: folder, route: Self.route, size: 500, kept: 0)
      for id in 1...9 { _ = write(Self.record(UInt64(id)), to: log, at: 1) }
      let names = try FileSystem.list(folder)
      let text = try FileSystem.readText("\(folder)/access-live.log")
      #expect(names == ["access-live.log"])
      #expect(text.contains(#""id":9"#))
    }
  }

  @Test func `a log that someone has moved away is made again`() throws {
    try withFolder { folder in
      let log = AccessLog(directory: folder, route: Self.route, size: 10_000, kept: 1)
      _ = write(Self.record(1), to: log, at: 1)
      #expect(rename("\(folder)/access-live.log", "\(folder)/moved") == 0)
      _ = write(Self.record(2), to: log, at: 1)
      let moved = try FileSystem.readText("\(folder)/moved")
      let made = try FileSystem.readText("\(folder)/access-live.log")
      #expect(moved.contains(#""id":1,"#))
      #expect(made.contains(#""id":2,"#))
    }
  }

  @Test func `a directory that is missing is said once, and so is its return`() throws {
    try withFolder { folder in
      let directory = "\(folder)/later"
      var time: UInt64 = 1
      let log = AccessLog(directory: directory, route: Self.route, size: 10_000, kept: 1)
      #expect(
        write(Self.record(), to: log, at: time)?.text
          == "cannot write \(directory)/access-live.log: its directory does not exist; clients are relayed, and missing in "
          + "the access log, until that is mended")
      #expect(write(Self.record(), to: log, at: time) == nil)
      #expect(log.lostLines == 2)
      mkdir(directory, 0o755)
      #expect(write(Self.record(), to: log, at: time) == nil)
      #expect(log.lostLines == 3)
      time += AccessLog.rest
      #expect(
        write(Self.record(), to: log, at: time)?.text
          == "the access log \(directory)/access-live.log is written again; 3 lines are missing in it")
      #expect(write(Self.record(), to: log, at: time) == nil)
      #expect(log.lostLines == 0)
    }
  }

  @Test func `a log that leads to a device is written to it and never set aside`() throws {
    try withFolder { folder in
      #expect(symlink("/dev/null", "\(folder)/access-live.log") == 0)
      let log = AccessLog(directory: folder, route: Self.route, size: 500, kept: 2)
      for id in 1...20 { #expect(write(Self.record(UInt64(id)), to: log, at: 1) == nil) }
      let names = try FileSystem.list(folder)
      #expect(names == ["access-live.log"])
    }
  }

  private func write(_ record: ConnectionRecord, to log: AccessLog, at now: UInt64) -> Notice? {
    log.opened(record)
    return log.flush(at: now)
  }

  @Test func `what is gathered is written at once, and nothing twice`() throws {
    try withFolder { folder in
      let log = AccessLog(directory: folder, route: Self.route, size: 1 << 20, kept: 1)
      for id in 1...200 { log.opened(Self.record(UInt64(id))) }
      #expect(log.isFull)
      #expect(log.flush(at: 1) == nil)
      #expect(!log.isFull)
      #expect(log.flush(at: 1) == nil)
      let text = try FileSystem.readText("\(folder)/access-live.log")
      #expect(text.split(separator: "\n").count == 200)
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = TemporaryDirectory()
    try withExtendedLifetime(folder) { try body(folder.path) }
  }
}
