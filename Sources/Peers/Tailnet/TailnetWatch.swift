import Lifecycle

/// What is known of the node, put together from tailscaled's status, its bus and the logins that were put to it. A value: it knows no
/// socket and no clock; times are in milliseconds of any clock that does not jump.
public struct TailnetWatch: Sendable {
  /// How long the health texts may still tell of the login before the last one.
  static let staleness: Int64 = 2000

  /// What is known.
  public private(set) var report = TailnetReport()
  /// The names for which the node can have certificates.
  public private(set) var domains: [String] = []

  private var loginAt: Int64?
  private var said: String?

  /// A watch that knows nothing.
  public init() {}

  /// tailscaled has begun to talk.
  public mutating func begin() {
    report.session += 1
    said = nil
    loginAt = nil
  }

  /// tailscaled has ended, or cannot be reached, for this reason.
  public mutating func lose(_ why: String) {
    let (session, stamp) = (report.session, report.keyStamp)
    report = TailnetReport()
    (report.session, report.keyStamp) = (session, stamp)
    report.why = why
    domains = []
  }

  /// A login is put to it at `now`: what was said of earlier ones does not count any more.
  public mutating func beginLogin(at now: Int64) {
    loginAt = now
    said = nil
    report.failure = nil
  }

  /// A line of the bus.
  public mutating func hear(_ message: BusMessage) {
    if let error = message.error, !error.isEmpty { said = error }
  }

  /// Its status at `now`.
  public mutating func take(_ status: NodeStatus, at now: Int64) {
    report.isReachable = true
    report.why = ""
    report.backend = status.backend
    report.hasNodeKey = status.hasNodeKey == true
    report.loginURL = status.authURL.flatMap { $0.isEmpty ? nil : $0 }
    report.addresses = status.addresses ?? []
    report.name = (status.me?.name).map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } ?? ""
    report.isOnline = status.me?.online == true
    report.keyExpiry = status.me?.keyExpiry.flatMap(milliseconds(rfc3339:))
    report.health = status.health ?? []
    report.isKernel = status.tun == true
    if let peers = status.peers { report.peers = peers.count }
    if status.backend != "Running" { report.peers = nil }
    domains = status.certDomains ?? []
    if status.backend == "NeedsLogin" {
      let isFresh = loginAt.map { now - $0 >= Self.staleness } ?? true
      report.failure = said ?? (isFresh ? Self.lastLoginError(in: report.health) : nil)
    } else {
      report.failure = nil
      said = nil
    }
  }

  /// The file with the key is this one now.
  public mutating func note(keyStamp: String?) { report.keyStamp = keyStamp }

  /// What became of the serve config.
  public mutating func note(serve: String?) { report.serve = serve }

  /// The control server's words in tailscaled's `You are logged out. The last login error was: ...`.
  static func lastLoginError(in health: [String]) -> String? {
    for text in health {
      guard let colon = text.range(of: "last login error was:") else { continue }
      let words = text[colon.upperBound...].drop { $0 == " " }
      if !words.isEmpty { return String(words) }
    }
    return nil
  }
}
