import NIOCore

/// A command of IBC's command server that somebody may want while the gateway runs.
enum CommandServerCommand: String, CaseIterable {
  /// Ends the gateway in order.
  case stop = "STOP"
  /// Restarts it and keeps the session, so that no second factor is needed.
  case restart = "RESTART"
  /// Ends it and keeps the session for the next start.
  case pause = "PAUSE"
  /// Has it connect to the market data farms anew.
  case reconnectData = "RECONNECTDATA"
  /// Has it connect to IBKR's account servers anew.
  case reconnectAccount = "RECONNECTACCOUNT"

  /// How long IBC may take to answer. A restart or a pause is set for the gateway's next full minute.
  var patience: TimeAmount {
    switch self {
    case .restart, .pause: .seconds(90)
    case .stop, .reconnectData, .reconnectAccount: .seconds(30)
    }
  }
}
