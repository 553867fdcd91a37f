import Callers
import Splice

/// Says who was refused and why, without letting anybody fill the log: one line for each reason and address, and within a minute of
/// it a number instead of more lines.
struct RefusalLog: Sendable {
  private struct Key: Hashable {
    let route: String
    let reason: Refusal
    let address: IPAddress?
    let caller: Caller?
  }

  private struct Window {
    let began: UInt64
    var more = 0
  }

  /// How long the first line stands for those that follow, in nanoseconds.
  static let window: UInt64 = 60_000_000_000
  /// How many addresses are told apart at a time; those beyond share a line for each reason.
  static let capacity = 1024

  private var windows: [Key: Window] = [:]

  /// Whether ``flush(at:)`` will have something to say or to forget.
  var isWaiting: Bool { !windows.isEmpty }

  /// Notes a refusal at `now` (monotonic nanoseconds); the line to write, if one is due. Of the tailnet's nodes the address may be the
  /// same, so each has lines of its own.
  mutating func note(
    _ route: String, _ peer: Endpoint, _ reason: Refusal, of caller: Caller? = nil, at now: UInt64
  ) -> Notice? {
    var key = Key(route: route, reason: reason, address: peer.address, caller: caller)
    if windows[key] == nil && windows.count >= Self.capacity {
      key = Key(route: route, reason: reason, address: nil, caller: nil)
    }
    if windows[key] != nil {
      windows[key]?.more += 1
      return nil
    }
    windows[key] = Window(began: now)
    let who = key.address == nil ? "many addresses, \(peer) among them" : Self.name(peer.description, caller)
    return Notice(Self.priority(reason), "\(route): refused \(who): \(reason.explanation)")
  }

  /// Ends the minutes that are over; what was counted in them is told.
  mutating func flush(at now: UInt64) -> [Notice] {
    var notices: [Notice] = []
    for (key, window) in windows where now >= window.began + Self.window {
      windows[key] = nil
      guard window.more > 0 else { continue }
      let who = key.address.map { Self.name($0.description, key.caller) } ?? "many addresses"
      let times = window.more == 1 ? "once" : "\(window.more) times"
      notices.append(
        Notice(
          Self.priority(key.reason),
          "\(key.route): refused \(who) \(times) more in the last minute: \(key.reason.explanation)"))
    }
    return notices
  }

  private static func name(_ address: String, _ caller: Caller?) -> String {
    caller?.peer == nil ? address : "\(address), \(caller ?? .unknown)"
  }

  /// A look at the port is what health checks do; a gateway that is down is told by its own line; the rest somebody should see.
  private static func priority(_ reason: Refusal) -> Priority {
    switch reason {
    case .left, .stopping: .debug
    case .gatewayRefused: .info
    case .descriptors: .error
    case .callerNotNamed, .callerLocal, .callerUnknown: .warning
    case .notAllowed, .rate, .tooManyClients, .tooManyWaiting, .silent, .notTheAPI, .gatewayTimeout, .gatewayFailed:
      .warning
    }
  }
}
