import Settings
import Trading

/// Where the files that the services need were prepared. Everything here is a path; no secret is.
public struct ServiceLayout: Sendable {
  /// The files of one gateway.
  public struct Gateway: Sendable {
    /// IBC's ini file.
    public var iniPath: String
    /// The settings folder.
    public var settingsPath: String
    /// The command server that this gateway's IBC serves, as `HOST:PORT`, where it does.
    public var commandServer: String?
    /// Whether IBC has a user name and a password; without them a person types them, for as long as that takes.
    public var logsInByItself: Bool

    /// The files of one gateway.
    public init(iniPath: String, settingsPath: String, commandServer: String? = nil, logsInByItself: Bool = true) {
      self.iniPath = iniPath
      self.settingsPath = settingsPath
      self.commandServer = commandServer
      self.logsInByItself = logsInByItself
    }
  }

  /// This program's own file, for the services that are subcommands of it.
  public var program: String
  /// The gateways to run, by mode.
  public var gateways: [Mode: Gateway]
  /// The rendered Caddyfile, where Caddy is wanted.
  public var caddyfile: String?
  /// The file with the VNC password, where VNC is wanted.
  public var vncPasswordFile: String?
  /// Whether the gateway image's own X server is to run; without one only a simulated gateway can.
  public var hasDisplay = true
  /// What becomes of the tailnet.
  public var tailnet: TailnetPlan
  /// What keeps the tailnet from all but the API; nil without a tailnet.
  public var tailnetGuard: TailnetGuard?
  /// The list of who may use the API, where there is one.
  public var callersFile: String?
  /// The user's scripts for each moment, in their order.
  public var startScripts: [String] = []
  /// Scripts for when the X server is up.
  public var xScripts: [String] = []
  /// Scripts for when IBC has been started.
  public var ibcScripts: [String] = []

  /// A layout without scripts.
  public init(
    program: String, gateways: [Mode: Gateway], tailnet: TailnetPlan, caddyfile: String? = nil,
    vncPasswordFile: String? = nil
  ) {
    self.tailnet = tailnet
    self.program = program
    self.gateways = gateways
    self.caddyfile = caddyfile
    self.vncPasswordFile = vncPasswordFile
  }
}
