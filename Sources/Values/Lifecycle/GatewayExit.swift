/// What the end of ibcstart.sh means. The codes are those of IBC 3.24's script and of IBC itself modulo 256.
public enum GatewayExit: Sendable, Hashable {
  /// Something in the configuration that no further try mends.
  case configuration(String)
  /// A login that failed or was not completed.
  case login(String)
  /// Anything else.
  case other(String)

  /// What the end means. `javaSeen`: ibcstart.sh had got as far as to start java, so a small code is java's and not the script's.
  public init(_ exit: Exit, javaSeen: Bool) {
    guard case .code(let code) = exit else {
      self = .other("ended by \(exit)")
      return
    }
    switch code {
    case 0: self = .other("ended by itself (exit code 0: a stop or a log-off inside the gateway)")
    case 1...8 where !javaSeen:
      self = .configuration("\(Self.scriptMeanings[Int(code) - 1]) (ibcstart.sh's exit code \(code))")
    case 76: self = .other("found no X display (exit code 76)")
    case 77...79, 82, 86:
      self = .configuration("IBC gave up on its settings (exit code \(code)); IBC's lines above say on which")
    case 80: self = .configuration("IBC does not take the trading mode (exit code 80); set it to live or paper")
    case 81: self = .configuration("IBC does not take a setting (exit code 81); IBC's lines above say which")
    case 83: self = .configuration("IBC was started for the wrong program (exit code 83); check GATEWAY_OR_TWS")
    case 84: self = .configuration("jts.ini is a directory (exit code 84); remove it from the settings folder")
    case 85: self = .configuration("jts.ini cannot be written (exit code 85); make it writable for this user")
    case 87: self = .login("the second factor was not completed in time (exit code 87)")
    case 88: self = .login("the login dialog did not appear (exit code 88)")
    case 137: self = .other("ended by exit code 137, a KILL: often the memory limit")
    default: self = .other("ended by \(exit)")
    }
  }

  private static let scriptMeanings = [
    "no java was found; the image is incomplete",
    "no version was given; set TWS_MAJOR_VRSN",
    "ibcstart.sh did not take an argument",
    "the gateway's jars are not there; TWS_PATH and TWS_MAJOR_VRSN must name an installed version",
    "IBC's or the settings folder is not there; check IBC_PATH and TWS_SETTINGS_PATH",
    "config.ini is not there; check IBC_INI",
    "no vmoptions file was found beside the gateway's jars",
    "ibcstart.sh does not know this operating system",
  ]
}
