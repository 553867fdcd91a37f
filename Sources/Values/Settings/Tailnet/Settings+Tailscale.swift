extension Settings {
  /// The tailnet node, as it was asked for; ``TailnetPlan`` says what becomes of it on a machine.
  public struct Tailscale: Sendable {
    /// Who runs the node.
    public enum Mode: String, CaseIterable, Sendable {
      /// This container, where there is a key or a node's state; else nobody.
      case auto
      /// This container.
      case embedded
      /// Another container, whose network and socket are shared.
      case sidecar
      /// Nobody.
      case off
    }

    /// How the node reaches the network.
    public enum Tun: String, CaseIterable, Sendable {
      /// By the kernel where that is possible, else in userspace.
      case auto
      /// Without any privilege; what listens on 127.0.0.1 is reachable from the tailnet.
      case userspace
      /// By a tun device, which needs NET_ADMIN.
      case kernel
    }

    /// What it means that this kernel cannot confine tailscaled to its ports.
    public enum Confinement: String, CaseIterable, Sendable {
      /// The container does not join the tailnet.
      case require
      /// It joins, and that is said.
      case warn
    }

    /// Who runs the node.
    public internal(set) var mode = Mode.auto
    /// The key with which it joins.
    public internal(set) var authKey: String?
    /// The node's name; nil for the container's host name.
    public internal(set) var hostname: String?
    /// Tags to advertise, each with its `tag:`.
    public internal(set) var tags: [String]?
    /// The control server, as `https://HOST`; nil for Tailscale's own.
    public internal(set) var loginServer: String?
    /// More arguments for `tailscale up`.
    public internal(set) var extraArguments: [String]?
    /// Whether a stop logs it out.
    public internal(set) var isEphemeral = false
    /// A file with what `tailscale serve` is to offer.
    public internal(set) var serveConfig: String?
    /// How it reaches the network.
    public internal(set) var tun = Tun.auto
    /// Who of the tailnet may use the API, entry by entry; nil is everybody whom the tailnet lets through.
    public internal(set) var allow: [String]?
    /// What a tailscaled that cannot be confined means.
    public internal(set) var confinement = Confinement.warn
    /// More TCP ports that a confined tailscaled may connect to.
    public internal(set) var ports: [Int]?
    /// Where its state is kept.
    public internal(set) var stateDirectory = ""
    /// Where tailscaled is asked.
    public internal(set) var socket = ""

    /// Whether the key is an OAuth client's secret or another one that only the command line tool can turn into a key.
    public var keyNeedsCommand: Bool { authKey?.hasPrefix("tskey-client-") == true }
  }

  /// The file that the key was read from, which may be replaced while we run.
  public var authKeyFile: String? { file(of: "TAILSCALE_AUTHKEY") }
}
