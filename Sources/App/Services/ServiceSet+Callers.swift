import Processes
import Settings
import Trading

/// What the tailnet means for the services around it: where the relay listens and whom it asks, and what tailscaled may reach.
extension ServiceSet {
  /// A mode's route, as the relay is told it.
  func route(_ mode: Mode) -> String {
    let places = RelayPlaces(settings, layout.tailnet)
    let port = settings.program.relayPort(mode)
    var listen = places.addresses.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" }
    if places.followsTailnet { listen.append("tailnet:\(port)") }
    return "\(mode.rawValue)=\(listen.joined(separator: ",")),127.0.0.1:\(settings.program.apiPort(mode))"
  }

  /// How the relay learns who calls, and who may; nothing without a tailnet.
  var callerArguments: [String] {
    let plan = layout.tailnet
    guard plan.mode != .off else { return [] }
    var arguments = ["--tailnet", plan.socket]
    switch (plan.mode, plan.tun, settings.tailscale.tun) {
    case (_, .kernel, _), (.sidecar, _, .kernel): arguments += ["--tailnet-tun", "kernel"]
    case (_, .userspace, _), (.sidecar, _, .userspace): arguments += ["--tailnet-tun", "userspace"]
    case (_, nil, _): break
    }
    // A container of its own that the kernel cannot confine was said to be open, and is: its clients come in all the same.
    if plan.mode == .embedded { arguments.append("--tailnet-guard") }
    if let file = layout.callersFile { arguments += ["--callers", file] }
    arguments.append(RelayPlaces(settings, plan).admitsLocal ? "--local-access" : "--no-local-access")
    return arguments
  }

  /// Where x11vnc listens: everywhere, unless it is told.
  var vncListen: [String] {
    let address = settings.vncAddress(layout.tailnet)
    return address == "0.0.0.0" ? [] : ["-listen", address]
  }

  /// tailscaled's command, behind a fence where there is to be one. Where there is no tailscaled it stays as it is, so that this is what is said.
  func confined(_ command: Command) -> Command {
    guard let fence = layout.tailnetGuard, fence.kind == .landlock, command.resolvedPath != nil else { return command }
    var confined = command
    confined.program = layout.program
    confined.arguments = ["confine", "--tcp-connect", fence.ports.map(String.init).joined(separator: ",")]
    if settings.tailscale.confinement == .require { confined.arguments.append("--require") }
    confined.arguments += ["--", command.program] + command.arguments
    return confined
  }
}
