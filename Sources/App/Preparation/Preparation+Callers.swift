import Files
import FoundationEssentials
import Processes
import Settings

extension Preparation {
  /// What keeps the tailnet from all but the API on this machine; nil without a tailnet. `obstacle` is why the kernel cannot confine a program.
  public static func tailnetGuard(
    _ settings: Settings, _ plan: TailnetPlan, obstacle: String? = Confinement.obstacle
  ) -> TailnetGuard? {
    TailnetGuard(settings, plan, obstacle: obstacle, served: servedPorts(settings))
  }

  /// The ports of this machine that the serve config leads to; none where it cannot be read.
  static func servedPorts(_ settings: Settings) -> [Int] {
    guard let file = settings.tailscale.serveConfig, let bytes = try? FileSystem.read(file) else { return [] }
    return ServeTargets.ports(of: bytes)
  }

  /// Writes the list of who may use the API, for the relay: it reads it again when it is told to.
  static func writeCallers(_ settings: Settings, _ prepared: inout PreparedFiles) throws(Problem) {
    guard let allow = settings.tailscale.allow, prepared.tailnet.mode != .off else { return }
    let path = "\(settings.runDirectory)/api-allow"
    try write(
      Array((allow.joined(separator: "\n") + "\n").utf8), to: path, mode: 0o600, "IBGW_RUN_DIR", "list of callers",
      &prepared)
    prepared.callersFile = path
  }
}

/// Where a serve config leads to.
enum ServeTargets {
  /// The ports of every `TCPForward` and `Proxy`, wherever in the config they stand. Targets are `HOST:PORT`, a port alone, or an address
  /// with a scheme; what leads to no port, such as a path or a unix socket, is left out. Source: ipn.ServeConfig.
  static func ports(of bytes: [UInt8]) -> [Int] {
    guard let config = try? JSONDecoder().decode(Node.self, from: Data(bytes)) else { return [] }
    return config.targets.compactMap(port)
  }

  private static func port(_ target: String) -> Int? {
    if target.hasPrefix("unix:") { return nil }
    let parts = target.split(separator: "/", omittingEmptySubsequences: true)
    let hasScheme = parts.first?.hasSuffix(":") == true
    guard let host = hasScheme ? parts.dropFirst().first : parts.first else { return nil }
    guard let colon = host.lastIndex(of: ":") else { return Int(host) }
    return Int(host[host.index(after: colon)...])
  }

  /// Any JSON, of which only the strings under the two names matter.
  private struct Node: Decodable {
    let targets: [String]

    private struct Name: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      var targets: [String] = []
      if let object = try? decoder.container(keyedBy: Name.self) {
        for key in object.allKeys {
          if ["TCPForward", "Proxy"].contains(key.stringValue),
            let target = try? object.decode(String.self, forKey: key)
          {
            targets.append(target)
          } else if let node = try? object.decode(Node.self, forKey: key) {
            targets += node.targets
          }
        }
      } else if var list = try? decoder.unkeyedContainer() {
        while !list.isAtEnd, let node = try? list.decode(Node.self) { targets += node.targets }
      }
      self.targets = targets
    }
  }
}

extension Check {
  /// Who may call, and what keeps the tailnet from the rest.
  mutating func callers(_ plan: TailnetPlan) {
    add(settings.callerProblems(plan))
    let guarding = Preparation.tailnetGuard(settings, plan)
    switch guarding?.kind {
    case .open?:
      warn(
        "TAILNET_GUARD", "is warn, and \(guarding?.sentence ?? "")",
        "use a kernel from 6.7 on, or kernel routing, or write a policy that names the ports")
    case .refused?:
      warn(
        "TAILNET_GUARD", "is require, and \(guarding?.sentence ?? "")",
        "use a kernel from 6.7 on, or give it /dev/net/tun and NET_ADMIN, or write warn")
    case .landlock?, .kernel?, .sidecar?, nil: break
    }
    let relays = settings.modes.map { Int(settings.program.relayPort($0)) }
    let served = Preparation.servedPorts(settings)
    if plan.mode != .off, settings.tailscale.allow != nil, served.contains(where: relays.contains) {
      error(
        "TAILSCALE_SERVE_CONFIG", "leads to the relay, where who comes by it has no name and API_ALLOW cannot be kept",
        "leave the relay out of it: the tailnet reaches it without")
    }
    if plan.mode != .off,
      let port = served.first(where: { port in settings.modes.contains { settings.program.apiPort($0) == port } })
    {
      let serious = settings.tailscale.allow != nil
      add([
        Problem(
          "TAILSCALE_SERVE_CONFIG", serious ? .error : .warning,
          what: "leads to \(port), the gateway's own port, past the relay and API_ALLOW",
          fix: "leave it out: clients connect to the relay")
      ])
    }
  }
}
