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
      crash?.cancel()
      crash = loop.assumeIsolated().scheduleTask(in: .seconds(Int64(fault.seconds))) { [self] in ended(.crashed) }
    case .stopReading:
      for connection in connections.values { connection.applyReading() }
    case .stopAccepting:
      if let listener { setReading(listener, false) }
    case .noAccounts:
      gateway.showsAccount = false
    case .mute, .stuck, .loginDelay, .closeNew, .hangNew:
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
    case .loginDelay:
      guard isLoggingIn else { return }
      run += 1
      completeLogin()
    case .crashAfter:
      crash?.cancel()
    case .noAccounts:
      gateway.showsAccount = true
    case .mute, .closeNew, .hangNew:
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

  /// What a gateway says to every new client when all is well.
  static let farms = [
    APIError(code: 2104, text: "Market data farm connection is OK:usfarm"),
    APIError(code: 2106, text: "HMDS data farm connection is OK:ushmds"),
    APIError(code: 2158, text: "Sec-def data farm connection is OK:secdefnj"),
  ]
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
