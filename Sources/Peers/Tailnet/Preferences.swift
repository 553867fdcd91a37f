import Lifecycle

/// A node's preferences as `GET prefs` gives them, whole. tailscaled takes a value that is missing in `start` for off or empty, so they are
/// only ever changed in place and sent back complete.
struct Preferences: Sendable, Equatable {
  var members: [String: JSON]

  /// The preferences in an answer; nil where it is none.
  init?(_ answer: [UInt8]) {
    guard case .object(let members)? = JSON(answer), members["WantRunning"] != nil else { return nil }
    self.members = members
  }

  /// Switched on for a login, with what it asks for. The container's DNS is its engine's: tailscaled leaves it alone.
  func joined(by login: TailnetLogin) -> Preferences {
    var changed = self
    for (name, value) in wishes(of: login) { changed.members[name] = value }
    changed.members["WantRunning"] = .bool(true)
    changed.members["LoggedOut"] = .bool(false)
    // The node's own keys, blanked in the answer; the command line sends none either.
    changed.members["Config"] = .null
    if let server = login.loginServer { changed.members["ControlURL"] = .string(server) }
    return changed
  }

  /// The body of `PATCH prefs` that gives a node what a login would, without a login; nil where it has all of it already. The control
  /// server is no part of it: another one is another tailnet, and needs a login.
  func correction(for login: TailnetLogin) -> JSON? {
    var masked: [String: JSON] = [:]
    for (name, value) in wishes(of: login) where members[name] != value {
      masked[name] = value
      masked["\(name)Set"] = .bool(true)
    }
    return masked.isEmpty ? nil : .object(masked)
  }

  private func wishes(of login: TailnetLogin) -> [String: JSON] {
    var wishes: [String: JSON] = ["CorpDNS": .bool(false)]
    if let hostname = login.hostname { wishes["Hostname"] = .string(hostname) }
    if let tags = login.tags { wishes["AdvertiseTags"] = .array(tags.map { .string($0) }) }
    return wishes
  }

  /// The body of `start`.
  func startOptions(key: String?) -> [UInt8] {
    var options: [String: JSON] = ["UpdatePrefs": .object(members)]
    if let key { options["AuthKey"] = .string(key) }
    return JSON.object(options).bytes
  }
}
