import Trading

/// The command line of IBC's start script, as IBC 3.24 reads it.
public struct IBCInvocation: Sendable, Hashable {
  /// IBC's folder, without a space: its script does not take one.
  public var ibcPath: String
  /// The folder of the installed program.
  public var twsPath: String
  /// The version's folder name below it.
  public var version: String
  /// The program to run.
  public var program: Program
  /// The mode to log in to.
  public var mode: Mode
  /// The ini file of this mode.
  public var iniPath: String
  /// The settings folder of this mode.
  public var settingsPath: String

  /// A command line that is not built yet.
  public init(
    ibcPath: String, twsPath: String, version: String, program: Program, mode: Mode, iniPath: String,
    settingsPath: String
  ) {
    self.ibcPath = ibcPath
    self.twsPath = twsPath
    self.version = version
    self.program = program
    self.mode = mode
    self.iniPath = iniPath
    self.settingsPath = settingsPath
  }

  /// The script's path.
  public var script: String { "\(ibcPath)/scripts/ibcstart.sh" }

  /// The script's arguments. The second factor's time-out always ends the script: with `restart` it would start java again without
  /// any pause, and each start is a login that the user pays for. The supervisor decides when the next one comes.
  public var arguments: [String] {
    var arguments = [version]
    if program == .gateway { arguments.append("-g") }
    arguments += [
      "--tws-path=\(twsPath)", "--ibc-path=\(ibcPath)", "--ibc-ini=\(iniPath)", "--mode=\(mode.rawValue)",
      "--on2fatimeout=exit", "--tws-settings-path=\(settingsPath)",
    ]
    return arguments
  }
}
