import Trading

extension Simulator {
  /// What a simulated gateway is started with.
  public struct Configuration: Sendable {
    /// A numeric IPv4 or IPv6 address to listen on.
    public var address: String
    /// The TCP port; 0 takes any free one, and keeps it.
    public var port: Int
    /// The kind of account.
    public var mode: Mode
    /// From which all prices follow.
    public var seed: UInt64
    /// What goes wrong from the start.
    public var faults: [Fault]
    /// Where to serve the control socket, if anywhere.
    public var controlPath: String?
    /// Whether to print what IBC prints in a good start.
    public var impersonatesIBC: Bool

    /// - Parameters:
    ///   - address: a numeric IPv4 or IPv6 address to listen on.
    ///   - port: the TCP port; 0 takes any free one.
    ///   - mode: the kind of account.
    ///   - seed: from which all prices follow.
    ///   - faults: what goes wrong from the start.
    ///   - controlPath: where to serve the control socket.
    ///   - impersonatesIBC: whether to print what IBC prints in a good start.
    public init(
      address: String = "127.0.0.1", port: Int, mode: Mode = .paper, seed: UInt64 = 1, faults: [Fault] = [],
      controlPath: String? = nil, impersonatesIBC: Bool = false
    ) {
      self.address = address
      self.port = port
      self.mode = mode
      self.seed = seed
      self.faults = faults
      self.controlPath = controlPath
      self.impersonatesIBC = impersonatesIBC
    }

    /// The one account, named as IBKR names them.
    public var account: String { mode == .paper ? "DU1234567" : "U1234567" }
  }

  /// What can be asked for and traded: stocks by symbol, currency pairs by local symbol.
  public static var symbols: [String] { Instrument.all.map(\.localSymbol) }

  /// How a simulation came to its end.
  public enum Ending: Equatable, Sendable {
    /// It was asked to stop.
    case stopped
    /// The fault `crash-after` came due.
    case crashed
    /// It cannot listen; one sentence that says why.
    case failed(String)
  }
}
