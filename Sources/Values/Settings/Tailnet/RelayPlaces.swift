/// Where the relay offers the API, and to whom beside the tailnet. An explicit RELAY_BIND decides, then LOCAL_ACCESS, then the tailnet.
public struct RelayPlaces: Sendable, Equatable {
  /// Addresses to listen on in any case.
  public let addresses: [String]
  /// Whether it listens, beside those, wherever the tailnet's clients come in: on the node's own addresses where the kernel routes.
  public let followsTailnet: Bool
  /// Whether a client that is no node of the tailnet is let in.
  public let admitsLocal: Bool

  /// The places that follow from the settings and from what becomes of the tailnet.
  public init(_ settings: Settings, _ plan: TailnetPlan) {
    let wish = settings.relay.localAccess
    if let bind = settings.relay.bind {
      (addresses, followsTailnet, admitsLocal) = (bind, false, wish ?? true)
      return
    }
    admitsLocal = wish ?? (plan.mode == .off)
    // In userspace mode tailscaled dials 127.0.0.1 for its peers, so there is nothing to wait for.
    let dialsLoopback = plan.mode == .embedded && plan.tun == .userspace
    followsTailnet = plan.mode != .off && !dialsLoopback
    if admitsLocal {
      addresses = ["0.0.0.0"]
    } else {
      addresses = followsTailnet ? [] : ["127.0.0.1"]
    }
  }
}

extension Settings {
  /// Where VNC is offered. Where the kernel routes for a tailnet, all addresses are the tailnet's too, and no fence is in between.
  public func vncAddress(_ plan: TailnetPlan) -> String {
    if let vncBind { return vncBind }
    let kernelRoutes = plan.mode == .sidecar ? tailscale.tun != .userspace : plan.tun == .kernel
    return kernelRoutes ? "127.0.0.1" : "0.0.0.0"
  }
}
