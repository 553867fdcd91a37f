import Trading

/// What keeps the tailnet from everything in the container but the API. In userspace mode tailscaled hands whatever arrives to 127.0.0.1,
/// on every port: past the relay, to a gateway that trusts 127.0.0.1, to VNC and to the health site.
public struct TailnetGuard: Sendable, Equatable {
  /// What does.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// tailscaled is confined by the kernel's Landlock.
    case landlock
    /// The kernel routes for the tailnet, and 127.0.0.1 is out of its reach.
    case kernel
    /// Nothing does: this kernel cannot.
    case open
    /// Nothing could, so there is no tailnet.
    case refused
    /// tailscaled is another container's, and so is what it may reach.
    case sidecar
  }

  /// What does.
  public let kind: Kind
  /// The TCP ports that tailscaled may connect to, rising; empty where it is not confined.
  public let ports: [UInt16]
  /// Why, for a person.
  public let sentence: String

  /// What is always needed: the control server and relays of Tailscale's own, and names.
  static let always: Set<Int> = [443, 80, 53]

  /// What guards a tailnet; nil without one.
  ///
  /// - Parameters:
  ///   - obstacle: why this kernel cannot confine a program, as a clause; nil where it can.
  ///   - served: the ports of 127.0.0.1 that the serve config leads to.
  public init?(_ settings: Settings, _ plan: TailnetPlan, obstacle: String?, served: [Int]) {
    switch (plan.mode, plan.tun) {
    case (.off, _): return nil
    case (.sidecar, _):
      (kind, ports) = (.sidecar, [])
      sentence =
        "tailscaled is another container's: where it works in userspace, it reaches every port of 127.0.0.1, the gateway's own too"
    case (.embedded, .kernel):
      (kind, ports) = (.kernel, [])
      sentence = "the kernel routes for the tailnet, so what listens on 127.0.0.1 is out of its reach"
    case (.embedded, _):
      if let obstacle {
        ports = []
        let exposure = "tailscaled cannot be confined, since \(obstacle)"
        if settings.tailscale.confinement == .require {
          kind = .refused
          sentence = "\(exposure): TAILNET_GUARD=require keeps this container out of the tailnet"
        } else {
          kind = .open
          sentence =
            "\(exposure): the tailnet reaches every port of 127.0.0.1, the gateway's own too, unless its policy forbids that"
        }
      } else {
        let ports = Self.ports(settings, served: served)
        (kind, self.ports) = (.landlock, ports)
        sentence = "tailscaled connects to TCP ports \(ports.map(String.init).joined(separator: ", ")) only"
      }
    }
  }

  private static func ports(_ settings: Settings, served: [Int]) -> [UInt16] {
    var ports = always
    ports.formUnion(settings.modes.map { Int(settings.program.relayPort($0)) })
    // The gateway's own ports trust 127.0.0.1: they are opened by TAILNET_PORTS alone, where somebody has to name them.
    ports.formUnion(served.filter { port in !settings.modes.contains { settings.program.apiPort($0) == port } })
    ports.formUnion(settings.tailscale.ports ?? [])
    // tailscaled is given the proxies of our own environment.
    let proxies = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap { [$0, $0.lowercased()] }
    let servers =
      proxies.compactMap { settings.openEnvironment[$0] } + [settings.tailscale.loginServer].compactMap(\.self)
    ports.formUnion(servers.compactMap(port))
    return ports.compactMap { UInt16(exactly: $0) }.filter { $0 > 0 }.sorted()
  }

  /// The port of `https://HOST:PORT` or `HOST:PORT`; nil where it is the scheme's own, which is always open.
  private static func port(_ address: String) -> Int? {
    let parts = address.split(separator: "/")
    let host = (parts.first?.hasSuffix(":") == true ? parts.dropFirst().first : parts.first) ?? ""
    guard let colon = host.lastIndex(of: ":") else { return nil }
    return Int(host[host.index(after: colon)...])
  }
}

extension Settings {
  /// What of who may call does not go together, once it is known what becomes of the tailnet.
  public func callerProblems(_ plan: TailnetPlan) -> [Problem] {
    var problems: [Problem] = []
    let api = modes.map { Int(program.apiPort($0)) }
    if tailscale.allow != nil, plan.mode == .off {
      problems.append(
        Problem(
          "API_ALLOW", .error, what: "cannot be kept without a tailnet, by which a client is known, and \(plan.why)",
          fix: "set TAILSCALE_AUTHKEY or TAILSCALE_MODE, or unset it"))
    }
    if tailscale.allow != nil, plan.mode == .sidecar, tailscale.tun == .userspace {
      problems.append(
        Problem(
          "API_ALLOW", .error,
          what:
            "cannot be kept, since a tailscaled in userspace mode reaches the gateway's own port as well, and the sidecar's "
            + "cannot be confined from here",
          fix: "give the sidecar /dev/net/tun and NET_ADMIN with TS_USERSPACE=false, or unset it"))
    }
    if plan.mode == .off, relay.localAccess == false, relay.bind == nil {
      problems.append(
        Problem(
          "LOCAL_ACCESS", .warning, what: "is no and there is no tailnet, so the API is offered on 127.0.0.1 alone",
          fix: "set TAILSCALE_AUTHKEY, or write yes for clients of a published port"))
    }
    if let open = tailscale.ports?.first(where: api.contains) {
      problems.append(
        Problem(
          "TAILNET_PORTS", tailscale.allow == nil ? .warning : .error,
          what: "opens \(open), the gateway's own port, to the tailnet, past the relay and past API_ALLOW",
          fix:
            "leave it out; clients connect to \(modes.map { String(program.relayPort($0)) }.joined(separator: " or "))")
      )
    }
    return problems
  }
}
