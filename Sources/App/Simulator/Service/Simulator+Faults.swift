import NIOCore
import TWSProtocol

/// Faults that come and go while it runs.
extension Simulator {
  /// Whether nobody hears anything.
  var isSilent: Bool { faults[.mute] != nil || faults[.stuck] != nil }

  func apply(_ fault: Fault) {
    faults[fault.name] = fault.seconds
    switch fault.name {
    case .linkLost:
      guard gateway.isLinked else { return }
      gateway.isLinked = false
      tellAll(Self.linkLost)
    case .crashAfter:
      _ = loop.assumeIsolated().scheduleTask(in: .seconds(Int64(fault.seconds))) { [self] in
        // It may have been healed or set anew since.
        if faults[.crashAfter] == fault.seconds, !isStopping { ended(.crashed) }
      }
    case .stopReading:
      for connection in connections.values { connection.applyReading() }
    case .stopAccepting:
      if let listener { setReading(listener, false) }
    case .mute, .stuck, .noAccounts, .loginDelay, .closeNew, .hangNew:
      break
    }
  }

  func heal(_ name: Fault.Name) {
    guard faults.removeValue(forKey: name) != nil else { return }
    switch name {
    case .linkLost:
      gateway.isLinked = true
      tellAll(Self.linkRestored)
    case .stuck:
      for connection in connections.values { connection.finishStart() }
    case .stopReading:
      for connection in connections.values { connection.applyReading() }
    case .stopAccepting:
      if let listener { setReading(listener, true) }
    case .mute, .noAccounts, .loginDelay, .closeNew, .hangNew, .crashAfter:
      break
    }
    keepTicking()
  }

  /// Carries out one line of the control socket, and answers with one.
  func perform(line: String) -> String {
    let command: ControlCommand
    do { command = try ControlCommand(line: line) } catch { return "ERROR \(error)" }
    switch command {
    case .fault(let fault): apply(fault)
    case .heal(let name): heal(name)
    case .healAll: for name in Fault.Name.allCases { heal(name) }
    case .restart(let seconds): restart(seconds: seconds)
    case .status: break
    }
    return "OK \(status)"
  }

  static let linkLost = APIError(code: 1100, text: "Connectivity between IBKR and Trader Workstation has been lost.")
  static let linkRestored = APIError(
    code: 1102,
    text: "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
      + "All data farms are connected: usfarm; ushmds; secdefnj.")

  private func tellAll(_ error: APIError) {
    guard !isSilent else { return }
    for connection in connections.values { connection.send { _, out in out.send(.error(error)) } }
  }
}
