import Testing
import Trading

@testable import Settings

@Suite struct TemplateValueTests {
  @Test func `one mode sees what the bash entrypoint's environment held`() {
    let (settings, _) = parse(
      ["TRADING_MODE": "live", "TWS_USERID": "me", "TWS_PASSWORD": "pw", "MY_OWN": "x", "TZ": "Europe/Zurich"])
    let expected = [
      "TWS_USERID": "me", "TWS_PASSWORD": "pw", "TRADING_MODE": "live", "API_PORT": "4001", "SOCAT_PORT": "4003",
      "MY_OWN": "x", "TWOFA_EXIT_INTERVAL": "60", "TWOFA_DEVICE": "", "AUTO_RESTART_TIME": "",
      "RELOGIN_AFTER_TWOFA_TIMEOUT": "no", "EXISTING_SESSION_DETECTED_ACTION": "primary",
      "TWS_ACCEPT_INCOMING": "manual", "ALLOW_BLIND_TRADING": "no", "BYPASS_WARNING": "", "TIME_ZONE": "Etc/UTC",
      "DUAL_MODE": "", "TZ": "Europe/Zurich", "IBC_INI": "/home/ibgateway/ibc/config.ini",
    ]
    for (name, value) in expected { #expect(settings.templateValue(name, for: .live) == value, "\(name)") }
    #expect(settings.templateValue("NOBODY_KNOWS", for: .live) == nil)
  }

  @Test func `both modes see their own`() {
    let (settings, _) = parse([
      "TRADING_MODE": "both", "TWS_USERID": "l", "TWS_PASSWORD": "lp", "TWS_USERID_PAPER": "p",
      "TWS_PASSWORD_PAPER": "pp", "TWS_SETTINGS_PATH": "/data/tws",
    ])
    let names = ["TWS_USERID", "TWS_PASSWORD", "TRADING_MODE", "TWS_SETTINGS_PATH", "IBC_INI", "API_PORT", "DUAL_MODE"]
    #expect(
      names.map { settings.templateValue($0, for: .live) } == [
        "l", "lp", "live", "/data/tws_live", "/home/ibgateway/ibc/config.ini_live", "4001", "yes",
      ])
    #expect(
      names.map { settings.templateValue($0, for: .paper) } == [
        "p", "pp", "paper", "/data/tws_paper", "/home/ibgateway/ibc/config.ini_paper", "4002", "yes",
      ])
  }

  @Test func `both modes of TWS have its ports and fall back to its directory`() {
    let (settings, _) = parse(["TRADING_MODE": "both", "GATEWAY_OR_TWS": "tws"])
    #expect(settings.settingsPath(for: .live) == "/opt/ibkr_live")
    #expect(settings.settingsPath(for: .paper) == "/opt/ibkr_paper")
    #expect(settings.templateValue("API_PORT", for: .paper) == "7497")
  }

  @Test(arguments: [("5", "5"), ("1", "1"), ("0", "1")])
  func `the health site's log is kept as the others are, and Caddy is never told 0, which is 10 to it`(
    kept: String, told: String
  ) {
    let (settings, _) = parse(["CADDY_LOG_DIR": "/logs", "ACCESS_LOG_SIZE": "7", "ACCESS_LOG_KEEP": kept])
    #expect(
      settings.templateValue("CADDY_HTTP_LOG", for: .paper)
        == "output file \"/logs/http.log\" {\n\t\t\troll_size 7MiB\n\t\t\troll_keep \(told)\n\t\t}")
  }

  @Test func `the secrets among the names are known as such`() {
    #expect(Settings.isSecret("TWS_PASSWORD") && Settings.isSecret("TAILSCALE_AUTHKEY"))
    #expect(!Settings.isSecret("TRADING_MODE") && !Settings.isSecret("MY_OWN"))
  }
}
