import Files
import Lifecycle
import Preparation
import Services
import Settings
import Supervisor

// What of the settings and the prepared files each part of the supervisor is told.

extension ServiceLayout {
  /// The layout of prepared files, without scripts.
  init(prepared: PreparedFiles) {
    let gateways = prepared.instances.map {
      (
        $0.mode,
        Gateway(
          iniPath: $0.iniPath, settingsPath: $0.settingsPath, commandServer: $0.commandServer,
          logsInByItself: $0.logsInByItself)
      )
    }
    self.init(
      program: ServiceDefinition.ownProgram, gateways: Dictionary(uniqueKeysWithValues: gateways),
      tailnet: prepared.tailnet, caddyfile: prepared.caddyfile, vncPasswordFile: prepared.vncPasswordFile)
    tailnetGuard = prepared.tailnetGuard
    callersFile = prepared.callersFile
  }

  /// The user's scripts: every `*.sh` of a moment's folder, in the order of the names.
  mutating func findScripts(_ settings: Settings) {
    func scripts(_ moment: Settings.ScriptMoment) -> [String] {
      guard let folder = settings.scripts(moment), let names = try? FileSystem.list(folder) else { return [] }
      return names.filter { $0.hasSuffix(".sh") && !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
    }
    (startScripts, xScripts, ibcScripts) = (scripts(.start), scripts(.x), scripts(.ibc))
  }
}

extension Settings {
  /// The user's wishes for the decisions about a gateway.
  func gatewayPolicy(hasCommandServer: Bool) -> GatewayPolicy {
    var policy = GatewayPolicy(
      onWedge: WedgePolicy(rawValue: health.onWedge.rawValue) ?? .session,
      region: IBKRRegion(rawValue: health.region.rawValue) ?? .america, hasCommandServer: hasCommandServer)
    policy.loginLimits = LoginLimits(perHour: logins.budget.perHour, perDay: logins.budget.perDay)
    policy.retriesSecondFactor = ibc.twoFactorTimeoutAction == .restart
    return policy
  }
}

extension Timetable {
  /// What the rendered config.ini tells the gateway to do; nothing where the user's own files may say something else.
  init(of settings: Settings) {
    let known: [(name: String, meaning: String, minute: Int?, isWeekly: Bool)] = [
      ("auto-restart", "the gateway restarts by itself and keeps its session", settings.ibc.autoRestartMinute, false),
      ("auto-logoff", "the gateway ends by itself, as AUTO_LOGOFF_TIME says", settings.ibc.autoLogoffMinute, false),
      ("cold-restart", "the gateway restarts with a full login", settings.ibc.coldRestartMinute, true),
    ]
    self.init(
      settings.customConfig
        ? []
        : known.compactMap { entry in
          entry.minute.map { Entry(name: entry.name, meaning: entry.meaning, minute: $0, isWeekly: entry.isWeekly) }
        })
  }
}

extension AlertTargets {
  /// Where the user wants to be told. What tells him sees nothing of our environment but what every child does.
  init(_ settings: Settings) {
    self.init(
      command: settings.health.alertCommand, webhook: settings.health.alertWebhook,
      environment: ChildEnvironment(settings: settings).base)
  }
}
