import Files
import Settings
import Testing

@testable import Preparation

@Suite struct WriteTests {
  private let image: ImageLayout

  init() throws { image = try ImageLayout() }

  private func write(_ more: [String: String] = [:]) throws -> PreparedFiles {
    try Preparation.write(image.settings(more))
  }

  @Test func `one mode gets its files where users look for them`() throws {
    let prepared = try write(["VNC_SERVER_PASSWORD": "12345678"])
    #expect(prepared.instances.count == 1)
    #expect(prepared.instance(.paper)?.iniPath == image.path("home/ibc/config.ini"))
    #expect(prepared.instance(.paper)?.settingsPath == image.path("home/Jts"))
    #expect(prepared.instance(.live) == nil)
    #expect(prepared.warnings == [])
    #expect(
      prepared.written.map(\.path) == [
        image.path("home/ibc/config.ini"), image.path("home/Jts/jts.ini"), image.path("run/Caddyfile"),
        image.path("run/vnc-password"),
      ])
    #expect(FileSystem.permissions(of: image.path("home/ibc/config.ini")) == 0o600)
    #expect(FileSystem.permissions(of: image.path("home/Jts/jts.ini")) == 0o644)
    #expect(prepared.caddyfile == image.path("run/Caddyfile"))
    #expect(prepared.vncPasswordFile == image.path("run/vnc-password"))
    #expect(try image.text("run/vnc-password") == "12345678\n")
    #expect(FileSystem.permissions(of: image.path("run/vnc-password")) == 0o600)
    #expect(try image.text("home/ibc/config.ini").contains("\nIbPassword=correct horse\n"))
    #expect(try image.text("home/Jts/jts.ini").contains("\nTimeZone=Etc/UTC\n"))
    #expect(FileSystem.kind(of: image.path("log")) == .directory)
  }

  @Test func `both modes get files of their own, with their own logins`() throws {
    let prepared = try write([
      "TRADING_MODE": "both", "TWS_USERID_PAPER": "other", "TWS_PASSWORD_PAPER": "battery\\staple",
      "TWS_SETTINGS_PATH": image.path("data/tws"),
    ])
    #expect(prepared.instances.map(\.mode) == [.live, .paper])
    #expect(prepared.instances.map(\.iniPath) == ["_live", "_paper"].map { image.path("home/ibc/config.ini\($0)") })
    #expect(prepared.instances.map(\.settingsPath) == ["_live", "_paper"].map { image.path("data/tws\($0)") })
    let live = try image.text("home/ibc/config.ini_live")
    let paper = try image.text("home/ibc/config.ini_paper")
    #expect(live.contains("\nIbLoginId=someone\nIbPassword=correct horse\n") && live.contains("\nTradingMode=live\n"))
    #expect(
      paper.contains("\nIbLoginId=other\nIbPassword=battery\\\\staple\n") && paper.contains("\nTradingMode=paper\n"))
    #expect(FileSystem.kind(of: image.path("data/tws_live/jts.ini")) == .file)
    #expect(FileSystem.kind(of: image.path("data/tws_paper/jts.ini")) == .file)
    #expect(FileSystem.kind(of: image.path("data/tws")) == nil)
  }

  @Test func `a jts.ini that exists is left alone`() throws {
    try image.file("home/Jts/jts.ini", "mine")
    let prepared = try write(["TIME_ZONE": "Europe/Zurich"])
    #expect(try image.text("home/Jts/jts.ini") == "mine")
    #expect(!prepared.written.contains { $0.title == "jts.ini" })
  }

  @Test func `custom files are left alone, with the suffixes of both modes`() throws {
    let prepared = try write(["CUSTOM_CONFIG": "yes", "TRADING_MODE": "both"])
    #expect(prepared.written.map(\.title) == ["Caddyfile"])
    #expect(prepared.instance(.paper)?.iniPath == image.path("home/ibc/config.ini_paper"))
    #expect(prepared.instance(.live)?.settingsPath == image.path("home/Jts_live"))
    #expect(FileSystem.kind(of: image.path("home/Jts_live")) == .directory)
    #expect(FileSystem.kind(of: image.path("home/ibc/config.ini_live")) == nil)
  }

  @Test func `writing again changes nothing but what changed`() throws {
    _ = try write(["VNC_SERVER_PASSWORD": "12345678"])
    _ = try write(["TWS_PASSWORD": "new one"])
    #expect(try image.text("home/ibc/config.ini").contains("\nIbPassword=new one\n"))
    #expect(FileSystem.kind(of: image.path("run/vnc-password")) == nil)
    #expect(try FileSystem.list(image.path("run")) == ["Caddyfile"])
    #expect(
      Set(try FileSystem.list(image.path("home/ibc"))) == ["IBC.jar", "config.ini", "config.ini.tmpl", "scripts"])
  }

  @Test func `a template that cannot be rendered leaves every file as it was`() throws {
    _ = try write()
    let before = try image.text("home/ibc/config.ini")
    try image.file("caddy/Caddyfile.tmpl", "{ $BROKEN }")
    #expect(throws: Problem.self) { try write(["BROKEN": "\u{FFFD}", "TWS_PASSWORD": "another"]) }
    #expect(try image.text("home/ibc/config.ini") == before)
  }

  @Test func `config.ini goes to the run directory where its own place does not do`() throws {
    try FileSystem.createDirectory(image.path("home/ibc/config.ini"))
    let prepared = try write()
    #expect(prepared.instance(.paper)?.iniPath == image.path("run/config.ini"))
    #expect(prepared.warnings.map(\.variable) == ["IBC_INI"])
    #expect(FileSystem.permissions(of: image.path("run/config.ini")) == 0o600)
    #expect(try image.text("run/config.ini").contains("\nIbLoginId=someone\n"))
  }

  @Test func `Caddy has no file where it has nothing to do`() throws {
    let prepared = try write(["ENABLE_HEALTH_CHECK": "no"])
    #expect(prepared.caddyfile == nil)
    #expect(try write(["ENABLE_HEALTH_CHECK": "no", "CADDY_ADMIN_DISABLED": "no"]).caddyfile != nil)
    #expect(try !image.text("run/Caddyfile").contains("2019 {"))
  }

  @Test func `TWS has no VNC`() throws {
    #expect(try write(["GATEWAY_OR_TWS": "tws", "VNC_SERVER_PASSWORD": "12345678"]).vncPasswordFile == nil)
    #expect(FileSystem.kind(of: image.path("run/vnc-password")) == nil)
  }

  @Test func `a file with a secret in it is for its owner alone`() throws {
    try image.file("home/Jts/jts.ini.tmpl", "User=${TWS_USERID}\n")
    _ = try write()
    #expect(FileSystem.permissions(of: image.path("home/Jts/jts.ini")) == 0o600)
  }

  @Test func `nothing that is reported holds a secret`() throws {
    try FileSystem.createDirectory(image.path("home/ibc/config.ini"))
    let prepared = try write(["VNC_SERVER_PASSWORD": "vncpass8"])
    let report = "\(prepared)"
    for secret in ["someone", "correct horse", "vncpass8"] { #expect(!report.contains(secret)) }
  }

  @Test func `without templates in the image the built-in ones are used`() throws {
    let before = try write().written.map { try FileSystem.read($0.path) }
    for name in ["home/ibc/config.ini.tmpl", "home/Jts/jts.ini.tmpl", "caddy/Caddyfile.tmpl", "home/Jts/jts.ini"] {
      try FileSystem.remove(image.path(name))
    }
    #expect(try write().written.map { try FileSystem.read($0.path) } == before)
  }
}
