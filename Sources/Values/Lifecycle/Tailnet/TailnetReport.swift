/// What the probe sees of the tailnet node: tailscaled's status, and what it has said about a login. Sent on each change.
public struct TailnetReport: Sendable, Hashable, Codable {
  /// Whether tailscaled answers on its socket.
  public var isReachable = false
  /// Why it does not, in words.
  public var why = ""
  /// Counts the conversations: another number means that tailscaled may be another process.
  public var session = 0
  /// tailscaled's own name of its state, such as `NeedsLogin` or `Running`.
  public var backend = ""
  /// Whether the node has once joined, and needs no key.
  public var hasNodeKey = false
  /// Where a person can add the node to the tailnet.
  public var loginURL: String?
  /// Why the login that was tried last has failed, in the control server's words.
  public var failure: String?
  /// The node's name in the tailnet, such as `ib-gateway.tail1234.ts.net`; empty while it has none.
  public var name = ""
  /// Its addresses in the tailnet.
  public var addresses: [String] = []
  /// Whether the control server is heard; the only sign of a lost one.
  public var isOnline = false
  /// When the node has to log in again, in ms since 1970; nil: never.
  public var keyExpiry: Int64?
  /// What tailscaled finds wrong with itself, whole.
  public var health: [String] = []
  /// Whether the kernel carries the packets.
  public var isKernel = false
  /// How many peers it knows, where they were counted.
  public var peers: Int?
  /// What became of the serve config, in words; nil where there is none.
  public var serve: String?
  /// Changes with the file that holds the key.
  public var keyStamp: String?

  /// A report of a node of which nothing is known.
  public init() {}
}

/// What can happen to the tailnet besides what happens to tailscaled's process.
public enum TailnetEvent: Sendable, Hashable, Codable {
  /// The probe has seen something new.
  case observed(TailnetReport)
  /// The login that was ordered has been put to tailscaled, or has failed for this reason.
  case loginEnded(why: String?)
  /// The order for a login could not be delivered.
  case loginUndelivered(why: String)
  /// The settings were read again; whether there is a key.
  case keyRead(hasKey: Bool)
  /// The node was logged out, or could not be.
  case loggedOut
}

/// What is asked of tailscaled.
public enum TailnetOrder: String, Sendable, Hashable, Codable {
  /// Join with the key.
  case logInWithKey = "log-in-with-key"
  /// Ask for an address at which a person can add the node.
  case logInByHand = "log-in-by-hand"
  /// Give a node that has joined the name and the other preferences of the settings.
  case configure
  /// Leave the tailnet.
  case logOut = "log-out"
}

/// What is decided about the tailnet before anything runs.
public struct TailnetPolicy: Sendable, Hashable, Codable {
  /// Whether tailscaled is a child of ours, and told what to do; a sidecar's is only looked at.
  public var isOurs: Bool
  /// Whether there is a key to join with.
  public var hasKey: Bool
  /// tailscaled's state file, for the one who has to mend it.
  public var stateFile: String
  /// What keeps the tailnet from everything but the relay, in words for a person; nil where nothing is known.
  public var protection: String?
  /// Whether the node is not started at all, for want of that.
  public var isBarred: Bool

  /// A policy.
  public init(
    isOurs: Bool, hasKey: Bool, stateFile: String, protection: String? = nil, isBarred: Bool = false
  ) {
    self.isOurs = isOurs
    self.hasKey = hasKey
    self.stateFile = stateFile
    self.protection = protection
    self.isBarred = isBarred
  }
}
