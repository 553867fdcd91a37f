import Trading

extension Settings {
  /// The value of a variable in the templates of one mode, as the bash entrypoint's environment had it: every variable of
  /// the table in its canonical spelling with its default, the mode's own credentials under `TWS_USERID` and
  /// `TWS_PASSWORD`, the ports, and after these every other variable of the environment.
  ///
  /// - Returns: nil for a variable that neither the table nor the environment knows. A variable of the table that is
  ///   unset is empty.
  public func templateValue(_ name: String, for mode: Mode) -> String? {
    switch name {
    case "TWS_USERID": credentials(for: mode).userID ?? ""
    case "TWS_PASSWORD": credentials(for: mode).password ?? ""
    case "TRADING_MODE": mode.rawValue
    case "DUAL_MODE": isDual ? "yes" : ""
    case "TWS_SETTINGS_PATH": settingsPath(for: mode)
    case "IBC_INI": iniPath(for: mode)
    case "API_PORT": String(program.apiPort(mode))
    case "SOCAT_PORT": String(program.relayPort(mode))
    case "IBC_COMMAND_PORT": health.usesCommandServer ? String(Health.commandPort(mode)) : "0"
    case "IBC_COMMAND_ADDRESS": Health.commandAddress
    case "CADDY_ADMIN": caddy.adminDisabled ? "off" : "unix/\(runDirectory)/caddy-admin.sock"
    case "CADDY_HEALTH_SITE": caddy.servesHealth ? "http://:2019 {\n\timport health\n}" : ""
    case "CADDY_HTTP_LOG":
      // Caddy takes roll_keep 0 for its own default of 10.
      """
      output file "\(relay.httpLogPath)" {
      \t\t\troll_size \(relay.logMegabytes)MiB
      \t\t\troll_keep \(max(1, relay.logsKept))
      \t\t}
      """
    case "WEB_SOCKET": "unix/\(runDirectory)/web.sock"
    default: texts[name] ?? open[name] ?? (Setting.named(name) == nil ? nil : "")
    }
  }

  /// The secrets among the variables that a template refers to.
  public static func isSecret(_ name: String) -> Bool { Setting.named(name)?.isSecret ?? false }
}
