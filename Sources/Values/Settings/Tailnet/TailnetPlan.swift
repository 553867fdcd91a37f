/// What becomes of the tailnet's settings on a machine: who runs the node and how. Everything that depends on the mode reads it here.
public struct TailnetPlan: Sendable, Equatable, Codable {
  /// Who runs the node, with `auto` resolved.
  public enum Mode: String, Sendable, Codable, CaseIterable {
    /// tailscaled is a child of ours.
    case embedded
    /// tailscaled is another container's; its network and its socket are shared.
    case sidecar
    /// There is no tailnet.
    case off
  }

  /// How a node of ours reaches the network.
  public enum Tun: String, Sendable, Codable, CaseIterable {
    /// Everything on 127.0.0.1 is reachable from the tailnet; its address cannot be bound.
    case userspace
    /// The node's address can be bound, and 127.0.0.1 is not reachable from the tailnet.
    case kernel
  }

  /// What the machine has to do with it.
  public struct Machine: Sendable, Equatable {
    /// The container's host name.
    public var hostname: String
    /// Whether there is a node's state in the state directory.
    public var hasState: Bool
    /// Whether /dev/net/tun is there.
    public var hasTunDevice: Bool
    /// Whether NET_ADMIN is among our effective capabilities.
    public var hasNetAdmin: Bool
    /// Whether the state directory can be written, or made.
    public var canKeepState: Bool
    /// Whether the socket's directory can be written, or made.
    public var canPlaceSocket: Bool

    /// A machine; by default one with a disk and without privileges.
    public init(
      hostname: String = "ib-gateway", hasState: Bool = false, hasTunDevice: Bool = false, hasNetAdmin: Bool = false,
      canKeepState: Bool = true, canPlaceSocket: Bool = true
    ) {
      self.hostname = hostname
      self.hasState = hasState
      self.hasTunDevice = hasTunDevice
      self.hasNetAdmin = hasNetAdmin
      self.canKeepState = canKeepState
      self.canPlaceSocket = canPlaceSocket
    }
  }

  /// Who runs the node.
  public let mode: Mode
  /// Why, as a clause: `TAILSCALE_MODE says so`.
  public let why: String
  /// How it reaches the network; nil where that is another container's matter, which tailscaled's status tells.
  public let tun: Tun?
  /// Where tailscaled is asked.
  public let socket: String
  /// Where its state is kept.
  public let stateDirectory: String
  /// Its name on the tailnet, as asked for; nil leaves a sidecar's own.
  public let hostname: String?
  /// What of the wishes cannot be had on this machine, each said with its fix.
  public let problems: [Problem]

  /// What becomes of the settings on the machine.
  public init(_ settings: Settings, machine: Machine) {
    let wishes = settings.tailscale
    var problems: [Problem] = []
    (mode, why) = Self.resolve(wishes, machine)
    switch mode {
    case .off, .sidecar: tun = nil
    case .embedded: tun = Self.tun(wishes.tun, machine, &problems)
    }
    let isOurs = mode == .embedded
    if isOurs, !machine.canPlaceSocket {
      socket = "\(settings.runDirectory)/tailscaled.sock"
      problems.append(
        Problem(
          "TAILSCALE_SOCKET", .warning,
          what: "is \(wishes.socket), where this user cannot make a socket, so it is \(socket)",
          fix: "call the command as `tailscale --socket=\(socket) status`, or make the directory writable"))
    } else {
      socket = wishes.socket
    }
    if isOurs, !machine.canKeepState {
      stateDirectory = "\(settings.runDirectory)/tailscale"
      problems.append(
        Problem(
          "TAILSCALE_STATE_DIR", .warning,
          what: "is \(wishes.stateDirectory), which this user cannot write, so a new container is a new node",
          fix: "mount a volume there that uid and gid of the container may write"))
    } else {
      stateDirectory = wishes.stateDirectory
    }
    hostname = isOurs ? wishes.hostname ?? machine.hostname : nil
    self.problems = problems
  }

  private static func resolve(_ wishes: Settings.Tailscale, _ machine: Machine) -> (Mode, String) {
    switch wishes.mode {
    case .embedded: (.embedded, "TAILSCALE_MODE says so")
    case .sidecar: (.sidecar, "TAILSCALE_MODE says so")
    case .off: (.off, "TAILSCALE_MODE says so")
    case .auto where wishes.authKey != nil: (.embedded, "there is a TAILSCALE_AUTHKEY")
    case .auto where machine.hasState: (.embedded, "there is a node's state in \(wishes.stateDirectory)")
    case .auto: (.off, "there is neither a TAILSCALE_AUTHKEY nor a node's state")
    }
  }

  private static func tun(_ wish: Settings.Tailscale.Tun, _ machine: Machine, _ problems: inout [Problem]) -> Tun {
    let isPossible = machine.hasTunDevice && machine.hasNetAdmin
    switch wish {
    case .userspace: return .userspace
    case .auto: return isPossible ? .kernel : .userspace
    case .kernel:
      if !isPossible {
        let missing = machine.hasTunDevice ? "the NET_ADMIN capability" : "/dev/net/tun"
        problems.append(
          Problem(
            "TAILSCALE_TUN", .error, what: "is kernel, but the container lacks \(missing)",
            fix: "add `devices: [/dev/net/tun]` and `cap_add: [NET_ADMIN]`, or write userspace"))
      }
      return .kernel
    }
  }

  /// What a person should know who wants no tailnet; nil with one.
  public var note: String? {
    guard mode == .off else { return nil }
    return "there is no tailnet, since \(why): the API is guarded by the port mapping and RELAY_ALLOW alone"
  }
}
