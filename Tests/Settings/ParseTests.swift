import Testing
import Trading

@testable import Settings

@Suite struct ParseTests {
  @Test func `an empty environment is a paper gateway that waits for a login`() {
    let (settings, problems) = parse([:])
    #expect(settings.program == .gateway)
    #expect(settings.modes == [.paper])
    #expect(settings.ibkr.path == "/home/ibgateway/Jts")
    #expect(settings.ibkr.settingsPath == "/home/ibgateway/Jts")
    #expect(settings.ibc.ini == "/home/ibgateway/ibc/config.ini")
    #expect(settings.ibc.iniTemplate == "/home/ibgateway/ibc/config.ini.tmpl")
    #expect(settings.ibc.startScript == "/home/ibgateway/ibc/scripts/ibcstart.sh")
    #expect(settings.stopTimeout == .seconds(45))
    #expect(settings.onGatewayExit == .restart)
    #expect(settings.log.level == .info)
    #expect(settings.log.format == .text)
    #expect(settings.runDirectory == "/run/ibgw")
    #expect(settings.display == ":1")
    #expect(settings.relay.maxClients == 31)
    #expect(settings.relay.listen == .whenServing)
    #expect(settings.relay.idleTimeout == nil)
    #expect(settings.relay.checksHello)
    #expect(settings.caddy.adminDisabled)
    #expect(settings.caddy.servesHealth)
    #expect(settings.caddy.logLevel == .info)
    #expect(settings.timeZone == "Etc/UTC")
    #expect(settings.processTimeZone == "Etc/UTC")
    #expect(settings.heapMegabytes == nil)
    #expect(settings.secrets.isEmpty)
    #expect(Set(problems.map(\.variable)) == ["TWS_USERID", "TWS_PASSWORD"])
    #expect(!problems.containsError)
  }

  @Test func `the TWS image has its own places`() {
    let (settings, _) = parse(["GATEWAY_OR_TWS": "tws"])
    #expect(settings.home == "/config")
    #expect(settings.ibkr.path == "/opt/ibkr")
    #expect(settings.ibc.ini == "/opt/ibc/config.ini")
    #expect(settings.desktop.userID == 1000)
  }

  @Test func `an empty variable is an unset one`() {
    let empty = Dictionary(
      uniqueKeysWithValues: Setting.table.flatMap { setting in
        [(setting.name, "")] + (setting.fileVariable.map { [($0, "")] } ?? [])
      })
    #expect(parse(empty).problems == parse([:]).problems)
    #expect(parse(empty).settings.stopTimeout == .seconds(45))
    #expect(!parse(empty).settings.isGiven("STOP_TIMEOUT"))
  }

  @Test(
    arguments: [
      ("yes", true), ("YES", true), ("Yes", true), ("true", true), ("TRUE", true), ("1", true), ("on", true),
      ("no", false), ("NO", false), ("false", false), ("False", false), ("0", false), ("off", false), (" yes ", true),
    ])
  func `yes and no are understood as users write them, and rendered as IBC reads them`(text: String, value: Bool) {
    let (settings, problems) = parse(["READ_ONLY_API": text].merging(login) { $1 })
    #expect(problems.isEmpty)
    #expect(settings.ibc.readOnlyAPI == value)
    #expect(settings.templateValue("READ_ONLY_API", for: .paper) == (value ? "yes" : "no"))
  }

  @Test(
    arguments: [
      ("TRADING_MODE", "demo"), ("READ_ONLY_API", "maybe"), ("TWOFA_EXIT_INTERVAL", "60s"),
      ("TWOFA_EXIT_INTERVAL", "0"),
      ("TWS_MASTER_CLIENT_ID", "-1"), ("JAVA_HEAP_SIZE", "lots"), ("JAVA_HEAP_SIZE", "-5g"),
      ("JAVA_HEAP_SIZE", "18014398509481985g"), ("JAVA_HEAP_SIZE", "1"), ("STOP_TIMEOUT", "soon"),
      ("STOP_TIMEOUT", "0"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("TWS_PATH", "Jts"), ("TWS_INI", "a/b"),
      ("DISPLAY", "host:1"), ("DISPLAY", "1"), ("ON_GATEWAY_EXIT", "shrug"), ("RELAY_MAX_CLIENTS", "0"),
      ("RELAY_ALLOW", "10.0.0.0/33"), ("RELAY_BIND", "everywhere"), ("TIME_ZONE", "../etc/passwd"),
      ("AUTO_RESTART_TIME", "25:00"), ("CADDY_LOG_LEVEL", "VERBOSE"), ("EXISTING_SESSION_DETECTED_ACTION", "second"),
      ("TWS_ACCEPT_INCOMING", "ask"), ("GATEWAY_OR_TWS", "workstation"), ("TAILSCALE_TAGS", "trading"),
      ("RELAY_IDLE_TIMEOUT", "later"), ("TWS_MAJOR_VRSN", "10/45"), ("PUID", "me"),
    ])
  func `a wrong value is an error that names the variable and the fix`(name: String, text: String) throws {
    let (_, problems) = parse([name: text].merging(login) { $1 })
    let problem = try #require(problems.first { $0.variable == name })
    #expect(problem.severity == .error)
    #expect(!problem.fix.isEmpty)
    #expect(problem.description.hasPrefix("\(name) "))
  }

  @Test func `all problems are reported at once, errors before warnings`() {
    let (_, problems) = parse([
      "TRADING_MODE": "demo", "STOP_TIMEOUT": "soon", "RELAY_ALLOW": "x", "SSH_TUNNEL": "yes", "TWS_PASWORD": "x",
    ])
    #expect(
      problems.filter { $0.severity == .error }.map(\.variable) == ["TRADING_MODE", "RELAY_ALLOW", "STOP_TIMEOUT"])
    #expect(problems.hasWarning("SSH_TUNNEL"))
    #expect(problems.hasWarning("TWS_PASWORD"))
    #expect(problems.hasWarning("TWS_USERID"))
    let severities = problems.map(\.severity)
    #expect(severities == severities.filter { $0 == .error } + severities.filter { $0 == .warning })
  }

  @Test func `a value that is wrong leaves the default`() {
    let (settings, _) = parse(["STOP_TIMEOUT": "soon", "TRADING_MODE": "demo"])
    #expect(settings.stopTimeout == .seconds(45))
    #expect(settings.modes == [.paper])
    #expect(!settings.isGiven("STOP_TIMEOUT"))
  }

  @Test(
    arguments: [
      ("45", 45), ("45s", 45), ("2m", 120), ("1h", 3600), (" 90 ", 90), ("5 m", 300),
    ])
  func `a span of time may have a unit`(text: String, seconds: Int) {
    #expect(parse(["STOP_TIMEOUT": text]).settings.stopTimeout == .seconds(seconds))
  }

  @Test(arguments: [("1024", 1024), ("1024m", 1024), ("2g", 2048), ("2 GB", 2048), ("1024MB", 1024)])
  func `the heap may have Java's units`(text: String, megabytes: Int) {
    let (settings, problems) = parse(["JAVA_HEAP_SIZE": text].merging(login) { $1 })
    #expect(settings.heapMegabytes == megabytes)
    #expect(problems.isEmpty)
  }

  @Test(arguments: ["off", "OFF", "no", "0"])
  func `the idle time-out can be off`(text: String) {
    let (settings, problems) = parse(["RELAY_IDLE_TIMEOUT": text].merging(login) { $1 })
    #expect(settings.relay.idleTimeout == nil)
    #expect(problems.isEmpty)
    #expect(parse(["RELAY_IDLE_TIMEOUT": "5m"]).settings.relay.idleTimeout == .seconds(300))
  }

  @Test(arguments: ["a\nb", "a\r\nb", "a\rb", "\nb", "a\u{FFFD}b"])
  func `a value that no line of a file could hold is refused`(text: String) {
    let (settings, problems) = parse(["TWS_USERID": "someone", "TWS_PASSWORD": text])
    #expect(problems.hasError("TWS_PASSWORD"))
    #expect(settings.credentials(for: .paper).password == nil)
  }

  @Test func `scripts lie below the home directory`() {
    let (settings, _) = parse(["HOME": "/config", "X_SCRIPTS": "init/x", "IBC_SCRIPTS": ""])
    #expect(settings.scripts(.x) == "/config/init/x")
    #expect(settings.scripts(.ibc) == nil)
    #expect(settings.scripts(.start) == nil)
  }

  @Test func `the open environment holds everything but the secrets`() {
    let (settings, _) = parse(["TWS_PASSWORD": "secret", "TWS_USERID": "me", "MY_OWN": "x", "TRADING_MODE": "live"])
    #expect(settings.openEnvironment == ["MY_OWN": "x", "TRADING_MODE": "live"])
  }

  @Test func `a setting of the other image is said to have no effect`() {
    #expect(
      parse(["GATEWAY_OR_TWS": "tws", "VNC_SERVER_PASSWORD": "secret"]).problems.hasWarning("VNC_SERVER_PASSWORD"))
    #expect(parse(["PUID": "1001"]).problems.hasWarning("PUID"))
    #expect(parse(["GATEWAY_OR_TWS": "tws", "PUID": "1001"]).problems.about("PUID").isEmpty)
  }

  @Test func `two daily times exclude each other`() {
    let (_, problems) = parse(
      ["AUTO_RESTART_TIME": "11:59 PM", "AUTO_LOGOFF_TIME": "11:45 PM"].merging(login) { $1 })
    #expect(problems.map(\.variable) == ["AUTO_LOGOFF_TIME"])
    #expect(problems.hasWarning("AUTO_LOGOFF_TIME"))
  }

  @Test(arguments: [
    ("YES", false), ("true", false), ("Yes", false), ("yes", true), ("NO", true), ("no", true), ("", true),
  ])
  func `only exactly yes brings custom files, and what looks like it is warned about`(text: String, silent: Bool) {
    let (settings, problems) = parse(["CUSTOM_CONFIG": text].merging(login) { $1 })
    #expect(settings.customConfig == (text == "yes"))
    #expect(problems.hasWarning("CUSTOM_CONFIG") == !silent)
  }

  @Test func `a log level compares by importance`() {
    #expect(LogLevel.debug < .info && LogLevel.info < .warning && LogLevel.warning < .error)
    #expect(parse(["LOG_LEVEL": "WARN"]).settings.log.level == .warning)
    #expect(parse(["CADDY_LOG_LEVEL": "warning"]).settings.caddy.logLevel == .warn)
  }
}
