import Files
import Lifecycle
import Testing

@testable import Tailnet

/// Recorded answers of a tailscaled v1.102.3.
enum Sample {
  private static let folder = FileSystem.directory(of: "\(#filePath)") + "/Samples"

  static func text(_ name: String) throws -> String { try FileSystem.readText("\(folder)/\(name)") }

  static func bytes(_ name: String) throws -> [UInt8] { Array(try text(name).utf8) }
}

@Suite struct SampleTests {
  @Test func `a recorded status of a node that is up is read`() throws {
    let status = try #require(NodeStatus(Sample.bytes("status.json")))
    #expect(status.backend == "Running" && status.hasNodeKey == true && status.authURL == "")
    #expect(status.addresses == ["100.64.0.1", "fd7a:115c:a1e0:ab12:4843:cd96:6240:1"])
    #expect(status.me?.name == "ib-gateway.tail1234.ts.net." && status.me?.online == true)
    #expect(status.me?.keyExpiry == nil && status.tun == false && status.peers?.count == 6)
    #expect(status.certDomains == ["ib-gateway.tail1234.ts.net"])
    var watch = TailnetWatch()
    watch.begin()
    watch.take(status, at: 0)
    #expect(watch.report.name == "ib-gateway.tail1234.ts.net" && watch.report.peers == 6 && watch.report.isReachable)
    #expect(watch.report.loginURL == nil && watch.report.failure == nil && watch.domains.count == 1)
  }

  /// The bodies of the recorded `tailscale up`: what the daemon answered and what the command sent, in order.
  private func conversation() throws -> [[UInt8]] {
    var bodies: [[UInt8]] = []
    var depth = 0
    var body: [UInt8] = []
    for line in try Sample.text("spy_up_authkey.txt").split(separator: "\n", omittingEmptySubsequences: false) {
      // The recorder writes a carriage return as two characters.
      let text = line.hasSuffix("\\r") ? line.dropLast(2) : line
      guard depth > 0 || text.hasPrefix("{") else { continue }
      body += text.utf8
      depth += text.utf8.reduce(0) {
        $0 + ($1 == UInt8(ascii: "{") ? 1 : $1 == UInt8(ascii: "}") ? -1 : 0)
      }
      if depth == 0 {
        bodies.append(body)
        body = []
      }
    }
    return bodies
  }

  @Test func `a recorded status of a node without a key is read`() throws {
    let status = try #require(NodeStatus(conversation()[0]))
    #expect(status.backend == "NeedsLogin" && status.hasNodeKey == nil && status.addresses == nil)
    #expect(status.health == ["Tailscale is stopped."] && status.me?.online == false && status.peers == nil)
  }

  @Test func `a login sends what the recorded command sent`() throws {
    let bodies = try conversation()
    let before = try #require(Preferences(bodies[1]))
    let login = TailnetLogin(
      key: "(the auth key)", hostname: "t2", tags: ["tag:ib"], loginServer: "http://10.77.0.1:8080")
    let ours = try #require(JSON(before.joined(by: login).startOptions(key: login.key)))
    let sent = try #require(bodies.compactMap { JSON($0) }.first { $0.members["AuthKey"] != nil })
    #expect(ours.members["AuthKey"] == sent.members["AuthKey"])
    #expect(ours.members["UpdatePrefs"] == sent.members["UpdatePrefs"])
  }

  @Test func `preferences go back whole, with what is not known here`() throws {
    let text = """
      {"WantRunning":false,"LoggedOut":true,"CorpDNS":true,"Hostname":"","NetfilterMode":2,"New":{"Deep":[1,2.5,null,"x"]},\
      "Large":9007199254740993}
      """
    let before = try #require(Preferences(Array(text.utf8)))
    let after = try #require(JSON(before.joined(by: TailnetLogin(hostname: "ib")).startOptions(key: nil)))
    let prefs = try #require(after.members["UpdatePrefs"]).members
    #expect(prefs["New"] == before.members["New"] && prefs["Large"] == .integer(9_007_199_254_740_993))
    #expect(prefs["NetfilterMode"] == .integer(2) && prefs["CorpDNS"] == .bool(false))
    #expect(prefs["WantRunning"] == .bool(true) && prefs["LoggedOut"] == .bool(false))
    #expect(after.members["AuthKey"] == nil)
    #expect(Preferences(Array("{}".utf8)) == nil && Preferences(Array("no".utf8)) == nil)
  }

  @Test func `only what differs is corrected, each with the mark that it is set`() throws {
    let prefs = try #require(Preferences(Sample.bytes("prefs.json")))
    #expect(prefs.correction(for: TailnetLogin(hostname: "ib-gateway")) == nil)
    let correction = try #require(prefs.correction(for: TailnetLogin(hostname: "other", tags: ["tag:a"])))
    #expect(
      String(decoding: correction.bytes, as: UTF8.self)
        == #"{"AdvertiseTags":["tag:a"],"AdvertiseTagsSet":true,"Hostname":"other","HostnameSet":true}"#)
  }

  @Test(arguments: [1, 7, 4096])
  func `a recorded bus is read, in whatever pieces it comes`(size: Int) throws {
    let bytes = try Sample.bytes("watch-ipn-bus_mask134.txt")
    let start = try #require(bytes.firstIndex(of: UInt8(ascii: "{")))
    var stream = LineStream()
    var messages: [BusMessage] = []
    for from in stride(from: start, to: bytes.count, by: size) {
      messages += stream.take(bytes[from..<min(bytes.count, from + size)]).compactMap { BusMessage($0) }
    }
    #expect(messages.compactMap(\.state).filter { $0 != 2 } == [5, 6])
    #expect(messages.first?.state == 2)
    #expect(messages.allSatisfy { $0.error == nil && $0.url == nil })
  }

  @Test func `a long line that comes a byte at a time is searched once`() {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
    var stream = LineStream()
    for index in line.indices where !stream.take(line[index...index]).isEmpty { Issue.record("a line without an end") }
    #expect(stream.take(Array("\n{}\n".utf8)) == [line, Array("{}".utf8)])
  }

  @Test func `a line without an end is not kept for ever`() {
    var stream = LineStream()
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<6 { #expect(stream.take(piece).isEmpty) }
    #expect(stream.take(Array("tail\n{}\n".utf8)) == [Array("{}".utf8)])
  }
}
