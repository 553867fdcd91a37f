extension Settings {
  /// What is wrong only in sight of more than one variable, or suspicious though it may be meant.
  func contradictions(in environment: [String: String]) -> [Problem] {
    var problems: [Problem] = []
    func warn(_ variable: String, _ what: String, _ fix: String) {
      problems.append(Problem(variable, .warning, what: what, fix: fix))
    }

    let custom = environment["CUSTOM_CONFIG"]?.trimmed.lowercased() ?? ""
    if !customConfig, ["yes", "true", "on", "1"].contains(custom) {
      warn(
        "CUSTOM_CONFIG", "is \((environment["CUSTOM_CONFIG"] ?? "").quoted), so the ini files are rendered",
        "write exactly yes if you bring your own, or no")
    }
    if given.contains("AUTO_RESTART_TIME"), given.contains("AUTO_LOGOFF_TIME") {
      warn(
        "AUTO_LOGOFF_TIME", "is ignored, since AUTO_RESTART_TIME is set too and the program knows only one of them",
        "unset one of them")
    }
    if given.contains("DUAL_MODE"), dualMode, given.contains("TRADING_MODE"), tradingMode != .both {
      warn(
        "DUAL_MODE", "is yes, so both modes run although TRADING_MODE is \(tradingMode.rawValue)",
        "write TRADING_MODE=both, or DUAL_MODE=no")
    }
    for setting in Setting.table where given.contains(setting.name) {
      if setting.image == .gateway && program == .tws || setting.image == .tws && program == .gateway {
        warn(setting.name, "has no effect in the \(program.rawValue) image", "unset it")
      }
    }
    if !customConfig { problems += missingCredentials(in: environment) + sharedUser() }
    if logins.onStop == .pause, !health.usesCommandServer {
      warn(
        "ON_STOP", "is pause, which IBC is asked for by its command server, and IBC_COMMAND_SERVER switches that off",
        "write IBC_COMMAND_SERVER=yes, or ON_STOP=close")
    }
    return problems + vncPasswordProblems() + tailnetProblems() + suspiciousTexts()
  }

  /// What x11vnc's password file and the VNC protocol cannot carry. Source: `x11vnc -help`, -passwdfile.
  private func vncPasswordProblems() -> [Problem] {
    guard let vncPassword else { return [] }
    let commands = ["__SKIP__", "__COMM__", "__EMPTY__", "__BEGIN_VIEWONLY__"]
    if vncPassword.hasPrefix("#") || commands.contains(where: vncPassword.contains) || vncPassword.trimmed.isEmpty {
      return [
        Problem(
          "VNC_SERVER_PASSWORD", .error, what: "has a form that x11vnc takes for a comment or a command",
          fix: "choose one that neither begins with # nor holds a word like __SKIP__")
      ]
    }
    if vncPassword.utf8.count > 8 {
      return [
        Problem(
          "VNC_SERVER_PASSWORD", .warning, what: "is longer than 8 bytes, of which VNC uses only the first 8",
          fix: "keep port 5900 on a private address")
      ]
    }
    return []
  }

  /// Two gateways of one user take each other's session away, again and again.
  private func sharedUser() -> [Problem] {
    guard isDual, let userID, let paperUserID, userID.trimmed.lowercased() == paperUserID.trimmed.lowercased() else {
      return []
    }
    return [
      Problem(
        "TWS_USERID_PAPER", .error,
        what: "is the same as TWS_USERID, and the two gateways would end each other's session for ever",
        fix: "write the paper account's own user name, or run one mode")
    ]
  }

  /// Credentials that a person would have to type: no error, since a login by hand is a way to use it.
  private func missingCredentials(in environment: [String: String]) -> [Problem] {
    func isAbsent(_ name: String) -> Bool {
      environment[name, default: ""].isEmpty && environment["\(name)_FILE", default: ""].isEmpty
    }

    let byHand =
      switch program {
      case .gateway: vncPassword == nil ? "set VNC_SERVER_PASSWORD and log in by VNC" : "log in by VNC"
      case .tws: "log in by RDP"
      }
    var problems: [Problem] = []
    for mode in modes {
      let paper = isDual && mode == .paper
      let names = paper ? ["TWS_USERID_PAPER", "TWS_PASSWORD_PAPER"] : ["TWS_USERID", "TWS_PASSWORD"]
      for name in names where isAbsent(name) {
        let misplaced = !isDual && !isAbsent("\(name)_PAPER")
        problems.append(
          Problem(
            name, .warning,
            what: misplaced
              ? "is not set, and \(name)_PAPER counts only with TRADING_MODE=both"
              : "is not set, so the \(mode.rawValue) login waits for a person to type it",
            fix: "set it or \(name)_FILE, or \(byHand)"))
      }
    }
    return problems
  }

  /// Texts that arrive as typed and are nevertheless likely not what was meant.
  private func suspiciousTexts() -> [Problem] {
    var problems: [Problem] = []
    for setting in Setting.table where given.contains(setting.name) && (setting.isSecret || setting.type == "text") {
      let text = texts[setting.name] ?? ""
      func warn(_ what: String, _ fix: String) {
        problems.append(Problem(setting.name, .warning, what: what, fix: fix))
      }
      if text.count > 1, let first = text.first, first == text.last, first == "\"" || first == "'" {
        warn(
          "begins and ends with a quotation mark, which is taken as a part of it",
          "unless it is, leave the marks out: Docker's --env-file keeps them")
      }
      if text.trimmed != text {
        warn(
          "begins or ends with white space" + (setting.isCredential ? ", which IBC removes" : ""), "leave it out")
      }
      if ["myTwsAccountName", "myTwsPassword"].contains(text) {
        warn("still is the placeholder of an example, and a login with it fails", "write your own")
      }
      if setting.isSecret, !setting.isUserName, text.utf8.count < Redaction.shortest {
        warn(
          "is shorter than \(Redaction.shortest) bytes, so it cannot be masked in the log without masking ordinary words",
          "choose a longer one")
      }
    }
    return problems
  }
}

extension Setting {
  /// Whether it is a part of a login at IBKR.
  var isCredential: Bool { isSecret && name.hasPrefix("TWS_") }

  /// Whether it is a user name, which nobody chooses for its length.
  var isUserName: Bool { name.hasPrefix("TWS_USERID") }
}
