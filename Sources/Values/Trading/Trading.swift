/// One IBKR account type that a gateway logs in to. A container runs one of them, or both as two independent gateways.
public enum Mode: String, Sendable, Hashable, CaseIterable, Codable, Comparable {
  case live
  case paper

  /// Live comes first, as it is started first.
  public static func < (left: Mode, right: Mode) -> Bool { left == .live && right == .paper }
}

/// The IBKR program that a container runs. The raw values are those of `GATEWAY_OR_TWS`.
public enum Program: String, Sendable, Hashable, CaseIterable, Codable {
  case gateway
  case tws

  /// The TCP port on which the program itself serves the API. IBKR's defaults: 4001/4002 and 7496/7497.
  public func apiPort(_ mode: Mode) -> UInt16 {
    switch (self, mode) {
    case (.gateway, .live): 4001
    case (.gateway, .paper): 4002
    case (.tws, .live): 7496
    case (.tws, .paper): 7497
    }
  }

  /// The TCP port on which the relay offers that API to clients, two above the program's own as users of the images know it.
  public func relayPort(_ mode: Mode) -> UInt16 { apiPort(mode) + 2 }
}
