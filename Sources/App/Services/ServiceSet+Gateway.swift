import Gateway
import Lifecycle
import Processes
import Settings
import Supervisor
import Trading

/// IBC and the gateways, and the user's own scripts around them.
extension ServiceSet {
  /// How long the paper gateway lets the live one log in first, in milliseconds; the bash entrypoint always slept as long.
  static var liveHeadStart: Int64 { 15_000 }

  func gateway(_ mode: Mode) -> ServiceDefinition? {
    guard let files = layout.gateways[mode] else { return nil }
    let invocation = IBCInvocation(
      ibcPath: settings.ibc.path, twsPath: settings.ibkr.path, version: settings.ibkr.version,
      program: settings.program, mode: mode, iniPath: files.iniPath, settingsPath: files.settingsPath)
    var after = displayIsReady
    if !layout.xScripts.isEmpty { after.append(finished(layout.xScripts, .x)) }
    if mode == .paper && settings.isDual { after.append(.settled(.gateway(.live), within: Self.liveHeadStart)) }
    return ServiceDefinition(
      plan: ServicePlan(
        name: .gateway(mode), kind: .gateway(mode), after: after,
        readiness: .whenReported(within: files.logsInByItself ? settings.logins.timeout?.milliseconds : nil),
        // Of what fails before a login is tried; a login that fails has a back-off and limits of its own.
        backOff: BackOff(initial: 5000, maximum: 600_000, resetAfter: 600_000), limit: 5,
        stopRank: StopRank.gateway, stopSteps: stopSteps(asks: files.commandServer != nil)),
      command: Command(
        program: invocation.script, arguments: invocation.arguments, environment: environment.withDisplay,
        directory: settings.home),
      voice: .ibc)
  }

  /// IBC takes 20 to 30 s to close a gateway in order; a longer stop is the gateway's too, and a shorter one is shared out by
  /// ``StopBudget``, which shortens everything else first.
  private func stopSteps(asks: Bool) -> [StopStep] {
    let wanted = max(35_000, settings.stopTimeout.milliseconds - 21_000)
    guard asks else { return [StopStep(.terminate, wanted), StopStep(.kill, 2000)] }
    // IBC takes up to 62 s until the gateway ends with its session kept.
    let pauses = settings.logins.onStop == .pause
    let terminating = pauses ? min(10_000, wanted / 4) : wanted * 3 / 7
    return [
      StopStep(pauses ? .pause : .ask, wanted - terminating), StopStep(.terminate, terminating), StopStep(.kill, 2000),
    ]
  }

  // MARK: Scripts

  /// One task for each script, each after the one before it.
  func scripts(_ files: [String], moment: Settings.ScriptMoment, after: [Dependency]) -> [ServiceDefinition] {
    var after = after
    return files.map { file in
      let name = scriptName(file, moment)
      defer { after = [.finished(name)] }
      return ServiceDefinition(
        plan: ServicePlan(
          name: name, kind: .task, after: after, stopRank: StopRank.scripts,
          stopSteps: [StopStep(.terminate, 1000), StopStep(.kill, 1000)]),
        command: Command(
          program: "bash", arguments: [file],
          environment: environment.forScripts(mode: settings.modes.last ?? .paper), directory: settings.home))
    }
  }

  func finished(_ files: [String], _ moment: Settings.ScriptMoment) -> Dependency {
    .finished(scriptName(files.last ?? "", moment))
  }

  private func scriptName(_ file: String, _ moment: Settings.ScriptMoment) -> ServiceName {
    ServiceName("\(moment.rawValue)-script:\(file.split(separator: "/").last ?? "")")
  }
}

extension Duration {
  /// Whole milliseconds.
  public var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
