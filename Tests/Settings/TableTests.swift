import Glibc
import Testing
import Trading

@testable import Settings

@Suite struct TableTests {
  @Test func `no two rows share a name`() {
    let names = Setting.table.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: Setting.table.map(\.name))
  func `a row's help is one sentence that a table can hold`(name: String) throws {
    let setting = try #require(Setting.named(name))
    #expect(setting.help.hasSuffix("."))
    #expect(!setting.help.contains("|"))
    #expect(setting.help.count <= 110)
    #expect(!setting.type.contains("|"))
  }

  @Test func `every default passes its own format`() {
    for program in ["gateway", "tws"] {
      let (_, problems) = parse(["GATEWAY_OR_TWS": program].merging(login) { $1 })
      #expect(problems.isEmpty)
    }
  }

  @Test func `exactly the secrets, user names and the list of callers can come from a file`() {
    let names = Setting.table.filter { $0.fileVariable != nil }.map(\.name)
    #expect(
      Set(names) == [
        "TWS_USERID", "TWS_PASSWORD", "TWS_USERID_PAPER", "TWS_PASSWORD_PAPER", "VNC_SERVER_PASSWORD", "PASSWD",
        "TAILSCALE_AUTHKEY", "ALERT_WEBHOOK_URL", "API_ALLOW",
      ])
  }

  @Test func `every variable of the bash images is known or named as removed`() {
    let upstream = [
      "TWS_USERID", "TWS_PASSWORD", "TRADING_MODE", "DUAL_MODE", "TWS_USERID_PAPER", "TWS_PASSWORD_PAPER",
      "READ_ONLY_API", "TWOFA_DEVICE", "TWS_MASTER_CLIENT_ID", "TWS_ACCEPT_INCOMING", "TWOFA_EXIT_INTERVAL",
      "RELOGIN_AFTER_TWOFA_TIMEOUT", "EXISTING_SESSION_DETECTED_ACTION", "ALLOW_BLIND_TRADING", "AUTO_RESTART_TIME",
      "AUTO_LOGOFF_TIME", "TWS_COLD_RESTART", "SAVE_TWS_SETTINGS", "BYPASS_WARNING", "TWOFA_TIMEOUT_ACTION",
      "TIME_ZONE", "TZ", "TWS_SETTINGS_PATH", "CUSTOM_CONFIG", "JAVA_HEAP_SIZE", "VNC_SERVER_PASSWORD",
      "START_SCRIPTS", "X_SCRIPTS", "IBC_SCRIPTS", "PUID", "PGID", "PASSWD", "HOME", "TWS_PATH", "TWS_INI",
      "TWS_INI_TMPL", "IBC_PATH", "IBC_INI", "IBC_INI_TMPL", "TWS_MAJOR_VRSN", "IB_GATEWAY_VERSION",
      "GATEWAY_OR_TWS", "DISPLAY", "SSH_TUNNEL", "SSH_OPTIONS", "SSH_ALIVE_INTERVAL", "SSH_ALIVE_COUNT",
      "SSH_PASSPHRASE", "SSH_PASSPHRASE_FILE", "SSH_REMOTE_PORT", "SSH_USER_TUNNEL", "SSH_RESTART", "SSH_VNC_PORT",
      "SSH_RDP_PORT",
    ]
    for name in upstream {
      #expect(Setting.named(name) != nil || Removed.advice[name] != nil, "\(name)")
    }
  }

  @Test func `the Markdown reference has a row for every variable`() {
    let lines = Setting.markdown().split(separator: "\n")
    #expect(lines.count == Setting.table.count + 2)
    for line in lines { #expect(line.split(separator: "|", omittingEmptySubsequences: false).count == 7) }
    for setting in Setting.table { #expect(lines.contains { $0.hasPrefix("| `\(setting.name)`") }) }
  }

  @Test func `the plain reference names every variable and its file`() {
    let text = Setting.plainReference()
    for setting in Setting.table {
      #expect(text.contains("\(setting.name)\(setting.fileVariable.map { ", \($0)" } ?? "") ("))
    }
  }

  @Test func `every variable is in one section`() {
    #expect(Setting.sections.flatMap { $0.settings.map(\.name) } == Setting.table.map(\.name))
    #expect(Setting.sections.allSatisfy { !$0.settings.isEmpty })
  }

  @Test func `the env file comments out every variable and its file`() {
    let lines = Setting.environmentFile().split(separator: "\n")
    let names = Setting.table.flatMap { [$0.name] + ($0.fileVariable.map { [$0] } ?? []) }
    let assignments = lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0.count > 1 }
    #expect(assignments.map { String($0.dropFirst().prefix { $0 != "=" }) } == names)
    #expect(assignments.count + lines.filter { $0.hasPrefix("# ") || $0 == "#" }.count == lines.count)
  }

  @Test(arguments: [(Program.gateway, Setting.Image.tws), (.tws, .gateway)])
  func `the env file's defaults are the ones that hold`(program: Program, otherImage: Setting.Image) {
    let login = login.merging(["GATEWAY_OR_TWS": program.rawValue]) { $1 }
    let assignments = Setting.environmentFile().split(separator: "\n")
      .filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && !$0.hasSuffix("=") && $0.count > 1 }
      .map { $0.dropFirst().split(separator: "=", maxSplits: 1).map(String.init) }
    let (plain, _) = parse(login)
    let (written, problems) = parse(
      login.merging(assignments.map { ($0[0], $0[1]) }) { given, _ in given })
    #expect(!assignments.isEmpty)
    // The file is for both images; each variable of the other one, and nothing else, is said to have no effect.
    let others = Setting.table.filter { $0.image == otherImage }.map(\.name)
    #expect(problems.map(\.variable) == assignments.map { $0[0] }.filter(others.contains))
    #expect(problems.allSatisfy { $0.what == "has no effect in the \(program.rawValue) image" })
    #expect(String(describing: written.relay) == String(describing: plain.relay))
    #expect(written.stopTimeout == plain.stopTimeout)
  }

  @Test func `the example env file is the one that is printed`() throws {
    let root = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let file = try #require(fopen("\(root)/.env.example", "r"), "write it: ibgw settings --env >.env.example")
    defer { fclose(file) }
    var text: [UInt8] = []
    while case let byte = getc(file), byte != EOF { text.append(UInt8(byte)) }
    #expect(String(decoding: text, as: UTF8.self) == Setting.environmentFile())
  }
}
