import Trading

/// What the probe sees of one gateway's API: each row of what a listener can tell has its own name.
public enum APIObservation: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing listens: not logged in yet, restarting, or down.
  case refused
  /// It listens and nothing more is known yet.
  case listening
  /// A connect times out, or connections have been waiting to be accepted for more than 5 s: wedged.
  case acceptQueueFull = "accept-queue-full"
  /// It accepts and does not say its version within 5 s: frozen, a dialog is open, or not logged in.
  case silent
  /// It says its version and then nothing about accounts and order ids: not logged in, or a dialog is open.
  case notLoggedIn = "not-logged-in"
  /// It names no account: the login is not complete.
  case noAccounts = "no-accounts"
  /// It closes a new client's connection before the handshake is complete, though it listens.
  case closesNewClients = "closes-new-clients"
  /// Clients that were connected are answered, and new ones are not.
  case newClientsHang = "new-clients-hang"
  /// The whole handshake and a question were answered.
  case serving
  /// It answers, and says that its own link to IBKR is lost (code 1100 or 2110, and no 1101 or 1102 since).
  case linkLost = "link-lost"
}

/// One report of the probe about one gateway. Sent on each change, never for its own sake.
public struct ProbeReport: Sendable, Hashable, Codable {
  /// Whose API it is.
  public var mode: Mode
  /// What was seen.
  public var observation: APIObservation
  /// Whether a socket listens on the API's port, whatever it answers.
  public var listens: Bool
  /// How many checks in a row have failed; 0 after a success. Below 3 a fault is only suspected.
  public var failures: Int
  /// What was seen, in words for a person.
  public var why: String

  /// A report.
  public init(mode: Mode, observation: APIObservation, listens: Bool, failures: Int, why: String) {
    self.mode = mode
    self.observation = observation
    self.listens = listens
    self.failures = failures
    self.why = why
  }
}
