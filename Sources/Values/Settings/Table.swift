extension Setting {
  /// Every variable there is, in the order of the reference; a default may use only what stands above it.
  public static let table: [Setting] = sections.flatMap(\.settings)

  /// The table in parts, each with the heading under which a person looks for it.
  static let sections: [(title: String, settings: [Setting])] = [
    ("Login", login), ("The program's own settings", program), ("Your own files and scripts", behaviour),
    ("Paths, set by the image", files), ("Desktop", desktop), ("The API's relay", relay),
    ("Health site and Caddy", edge), ("Tailnet", tailnet),
    ("Probe and alerts", health), ("Supervision", supervision),
  ]

  /// The row of a variable.
  public static func named(_ name: String) -> Setting? { byName[name] }

  /// The row that a variable belongs to, whichever of its names it is.
  static func understanding(_ name: String) -> Setting? { named(name) ?? byAlias[name] }

  private static let byAlias = Dictionary(
    uniqueKeysWithValues: table.flatMap { row in row.aliases.map { ($0.name, row) } })

  private static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

  private static let login: [Setting] = [
    Setting(secret: "TWS_USERID", \.userID, help: "IBKR user name."),
    Setting(secret: "TWS_PASSWORD", \.password, help: "IBKR password."),
    Setting(
      secret: "TWS_USERID_PAPER", \.paperUserID, help: "User name of the paper account when both modes run."),
    Setting(
      secret: "TWS_PASSWORD_PAPER", \.paperPassword, help: "Password of the paper account when both modes run."),
    Setting(
      "TRADING_MODE", \.tradingMode, .choice, default: .fixed("paper"),
      help: "The account to log in to; `both` runs two gateways side by side."),
    Setting("DUAL_MODE", \.dualMode, .yesNo, default: .fixed("no"), help: "`yes` is the same as `TRADING_MODE=both`."),
    Setting(
      "TWOFA_DEVICE", \.ibc.twoFactorDevice, optional: .text,
      help: "Second-factor device to choose, spelled as the login window lists it."),
    Setting(
      "TWOFA_TIMEOUT_ACTION", \.ibc.twoFactorTimeoutAction, .choice, default: .fixed("exit"),
      help: "What to do when the second factor is not given in time."),
    Setting(
      "TWOFA_EXIT_INTERVAL", \.ibc.twoFactorExitInterval, .integer(1...3600, of: "seconds"), default: .fixed("60"),
      help: "How long a login may take once the second factor was acknowledged."),
    Setting(
      "RELOGIN_AFTER_TWOFA_TIMEOUT", \.ibc.reloginAfterTwoFactorTimeout, .yesNo, default: .fixed("no"),
      help: "Whether IBC begins the login again when the second factor was not given in time."),
    Setting(
      "EXISTING_SESSION_DETECTED_ACTION", \.ibc.existingSessionAction, .choice, default: .fixed("primary"),
      help: "Which session goes on when the account is already logged in elsewhere."),
  ]

  private static let program: [Setting] = [
    Setting(
      "READ_ONLY_API", \.ibc.readOnlyAPI, optional: .yesNo, help: "Whether API clients are kept from placing orders."),
    Setting(
      "TWS_ACCEPT_INCOMING", \.ibc.acceptIncoming, .choice, default: .fixed("manual"),
      help: "What IBC does when the program asks whether to accept an API connection."),
    Setting(
      "TWS_MASTER_CLIENT_ID", \.ibc.masterClientID, optional: .identifier(0...2_147_483_647),
      help: "Client id that sees the orders of all clients."),
    Setting(
      "ALLOW_BLIND_TRADING", \.ibc.allowBlindTrading, .yesNo, default: .fixed("no"),
      help: "Whether orders without a market data subscription are confirmed without asking."),
    Setting(
      "BYPASS_WARNING", \.ibc.bypassWarning, optional: .yesNo,
      help: "Whether the API's order precautions are all bypassed."),
    Setting(
      "AUTO_RESTART_TIME", \.ibc.autoRestartTime, optional: .halfDayTime,
      help: "Daily restart that keeps the session, so that no second factor is asked."),
    Setting(
      "AUTO_LOGOFF_TIME", \.ibc.autoLogoffTime, optional: .halfDayTime,
      help: "Daily end without a restart; ignored where AUTO_RESTART_TIME is set."),
    Setting(
      "TWS_COLD_RESTART", \.ibc.coldRestartTime, optional: .dayTime,
      help: "Restart with a full login on Sundays; choose a time after 01:00 in New York."),
    Setting(
      "SAVE_TWS_SETTINGS", \.ibc.saveSchedule, optional: .saveSchedule, help: "When the program saves its settings."),
    Setting(
      "TIME_ZONE", \.timeZone, .timeZone, default: .fixed("Etc/UTC"),
      help: "Time zone of a new jts.ini; one that exists keeps its own."),
    Setting(
      "TZ", \.processTimeZone, .timeZone, default: .derived("$TIME_ZONE") { $0.timeZone },
      help: "Time zone of all processes, in which IBC reads its times."),
    Setting(
      "JAVA_HEAP_SIZE", \.heapMegabytes, optional: .memory(256...262_144),
      help: "Java's heap; unset leaves the installation's own, 768."),
  ]

  private static let behaviour: [Setting] = [
    Setting(
      "CUSTOM_CONFIG", \.customConfig, .exactYes, default: .fixed("no"),
      help: "Exactly `yes`: you bring finished ini files and none is rendered."),
    Setting(
      "START_SCRIPTS", \.scripts.start, optional: .relativePath,
      help: "Directory below `$HOME` whose `*.sh` run before the X server starts."),
    Setting(
      "X_SCRIPTS", \.scripts.x, optional: .relativePath,
      help: "Directory below `$HOME` whose `*.sh` run when the X server is ready."),
    Setting(
      "IBC_SCRIPTS", \.scripts.ibc, optional: .relativePath,
      help: "Directory below `$HOME` whose `*.sh` run when IBC has been started."),
  ]
}
