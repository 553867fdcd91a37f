import GatewayProbe
import Splice
import Trading

/// Everything that a probe is told at its start.
public struct ProbeServiceConfiguration: Sendable {
  /// A gateway to observe.
  public struct Gateway: Sendable, Hashable {
    /// Its trading mode.
    public let mode: Mode
    /// Where its API is.
    public let api: Endpoint
    /// Where the command server of its IBC is, if it has one.
    public let commandServer: Endpoint?

    /// A gateway of its parts.
    public init(mode: Mode, api: Endpoint, commandServer: Endpoint? = nil) {
      self.mode = mode
      self.api = api
      self.commandServer = commandServer
    }
  }

  /// The tailnet node to observe, and to talk to.
  public struct Tailnet: Sendable, Hashable {
    /// tailscaled's socket.
    public let socket: String
    /// The file with the key, if it is in one: a change of it is reported.
    public let keyFile: String?
    /// The file with the serve config, if there is one.
    public let serveConfig: String?

    /// A node of its parts.
    public init(socket: String, keyFile: String? = nil, serveConfig: String? = nil) {
      self.socket = socket
      self.keyFile = keyFile
      self.serveConfig = serveConfig
    }
  }

  /// The tailnet node; nil where there is none.
  public var tailnet: Tailnet?
  /// The gateways, each mode once.
  public var gateways: [Gateway]
  /// The socket of the probe's own API; nil for none.
  public var socketPath: String?
  /// The supervisor's socket, which takes the observations; nil for nobody.
  public var supervisorPath: String?
  /// The first of the four client ids that are reserved for the probe.
  public var firstClientID = 999
  /// How often and for how long.
  public var timing = ProbeTiming()

  /// The defaults for these gateways.
  public init(gateways: [Gateway]) { self.gateways = gateways }
}
