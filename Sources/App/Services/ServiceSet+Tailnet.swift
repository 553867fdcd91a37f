import Lifecycle
import Processes
import Settings
import Supervisor

/// The tailnet node, where it is ours.
extension ServiceSet {
  /// What tailscaled may see of our environment besides: proxies, certificates, and whether it keeps its log to itself.
  private static let inherited = [
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "TS_NO_LOGS_NO_SUPPORT",
  ]

  /// tailscaled. It is up when its socket answers, which the probe sees; nothing waits for it. It is never sent HUP, which ends it.
  var tailscaled: ServiceDefinition {
    let plan = layout.tailnet
    // A logout is asked of the control server, which may not answer.
    let logOut = settings.tailscale.isEphemeral ? [StopStep(.logOut, 5000)] : []
    return ServiceDefinition(
      plan: ServicePlan(
        name: Lifecycle.tailscaled, readiness: .whenReported(within: 60_000), stopRank: StopRank.tailscaled,
        stopSteps: [StopStep(.drain, 300)] + logOut + [StopStep(.terminate, 6000), StopStep(.kill, 1000)]),
      command: confined(
        Command(
          program: "tailscaled",
          arguments: [
            plan.tun == .kernel ? "--tun=tailscale0" : "--tun=userspace-networking",
            "--statedir=\(plan.stateDirectory)", "--socket=\(plan.socket)",
          ], environment: tailscaleEnvironment)),
      voice: .plain(.debug))
  }

  private var tailscaleEnvironment: [String: String] {
    environment.base.merging(settings.openEnvironment.filter { Self.inherited.contains($0.key) }) { $1 }
  }

  /// What the probe is told of it.
  var tailnetArguments: [String] {
    guard layout.tailnet.mode != .off else { return [] }
    let arguments = ["--tailnet", layout.tailnet.socket]
    // A sidecar's key and what it serves are its own container's.
    guard layout.tailnet.mode == .embedded else { return arguments }
    return arguments + (settings.authKeyFile.map { ["--tailnet-key-file", $0] } ?? [])
      + (settings.tailscale.serveConfig.map { ["--serve-config", $0] } ?? [])
  }

  /// How the supervisor carries out what is decided about it; nil without a tailnet.
  ///
  /// - Parameter reread: the settings as they are now; what holds is these where they cannot be had.
  public func tailnetAccess(reread: @escaping @Sendable () -> Settings?) -> TailnetAccess? {
    guard layout.tailnet.mode != .off else { return nil }
    let (settings, plan) = (settings, layout.tailnet)
    return TailnetAccess(
      policy: TailnetPolicy(
        isOurs: plan.mode == .embedded, hasKey: settings.tailscale.authKey != nil,
        stateFile: "\(plan.stateDirectory)/tailscaled.state",
        protection: layout.tailnetGuard.map { "\($0.kind.rawValue): \($0.sentence)" },
        isBarred: layout.tailnetGuard?.kind == .refused),
      socket: plan.socket, environment: tailscaleEnvironment,
      read: { (reread() ?? settings).tailnetWishes(hostname: plan.hostname) })
  }
}

extension Settings {
  fileprivate func tailnetWishes(hostname: String?) -> TailnetAccess.Wishes {
    TailnetAccess.Wishes(
      login: TailnetLogin(
        key: tailscale.authKey, hostname: tailscale.hostname ?? hostname, tags: tailscale.tags,
        loginServer: tailscale.loginServer),
      extraArguments: tailscale.extraArguments ?? [], keyNeedsCommand: tailscale.keyNeedsCommand,
      redaction: Redaction(secrets: secrets))
  }
}
