import Files
import Settings
import Testing

@testable import Preparation

@Suite struct PortTests {
  private let image: ImageLayout

  init() throws { image = try ImageLayout() }

  /// Rows as /proc/net/tcp has them; the state 0A is LISTEN, 01 ESTABLISHED, 06 TIME_WAIT.
  private func listen(_ rows: [(port: UInt16, state: String)], in file: String = "tcp") throws {
    let lines = rows.enumerated().map { index, row in
      let port = String(row.port, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: 4 - port.count) + port
      return
        "  \(index): 0100007F:\(padded) 00000000:0000 \(row.state) 00000000:00000000 00:00000000 00000000  1000        0 12345\n"
    }
    try image.file("proc/net/\(file)", ImageLayout.tableHead + lines.joined())
  }

  @Test func `an API port that another process holds is an error, since a login would be for nothing`() throws {
    try listen([(4002, "0A")])
    let problems = image.check()
    #expect(problems.map(\.variable) == ["TRADING_MODE"])
    #expect(problems.containsError)
    #expect(problems.first?.what.contains("port 4002") == true)
    #expect(image.check(["TRADING_MODE": "live"]) == [])
  }

  @Test(arguments: ["tcp", "tcp6"])
  func `a port of ours that another process holds is a warning`(file: String) throws {
    try listen([(2019, "0A"), (4004, "0A"), (5900, "0A"), (8080, "0A")], in: file)
    let problems = image.check(["VNC_SERVER_PASSWORD": "12345678"])
    #expect(Set(problems.map(\.variable)) == ["TRADING_MODE", "VNC_SERVER_PASSWORD", "ENABLE_HEALTH_CHECK"])
    #expect(!problems.containsError)
    #expect(image.check(["ENABLE_HEALTH_CHECK": "no"]).map(\.variable) == ["TRADING_MODE"])
  }

  @Test func `a connection is no listener`() throws {
    try listen([(4002, "01"), (4004, "06")])
    #expect(image.check() == [])
  }

  @Test func `while a supervisor listens, the ports are its own`() throws {
    try listen([(4002, "0A"), (4004, "0A"), (2019, "0A")])
    let socket = image.path("run/supervisor.sock")
    try image.file(
      "proc/net/unix",
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
        + "0000000000000000: 00000002 00000000 00010000 0001 01 12345 \(socket)\n")
    #expect(image.check() == [])
    try image.file("proc/net/unix", "0000000000000000: 00000003 00000000 00000000 0001 03 12345 \(socket)\n")
    #expect(!image.check().isEmpty)
  }

  @Test(
    arguments: [
      ("OverrideTwsApiPort=4004", true), ("OverrideTwsApiPort = 5900", true), ("CommandServerPort=2019", true),
      ("CommandServerPort=4002", true), ("OverrideTwsApiPort=7777", false),
    ])
  func `a port in a config.ini that clashes is an error, one that merely differs a warning`(
    line: String, clashes: Bool
  ) throws {
    let more = ["VNC_SERVER_PASSWORD": "12345678"]
    try image.file("home/ibc/config.ini.tmpl", "IbLoginId=${TWS_USERID}\n\(line)\n")
    #expect(image.check(more).map(\.variable) == ["IBC_INI"])
    #expect(image.check(more).containsError == clashes)

    try image.file("home/ibc/config.ini", "\(line)\n")
    #expect(image.check(more.merging(["CUSTOM_CONFIG": "yes"]) { $1 }).map(\.variable) == ["IBC_INI"])
  }

  @Test(arguments: ["OverrideTwsApiPort=", "OverrideTwsApiPort=4002", "CommandServerPort=0", "CommandServerPort=7462"])
  func `a port in a config.ini that fits is no problem`(line: String) throws {
    try image.file("home/ibc/config.ini.tmpl", "\(line)\n")
    #expect(image.check() == [])
  }
}
