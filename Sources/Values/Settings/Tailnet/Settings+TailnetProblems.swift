extension Settings {
  /// What of the tailnet's settings does not go together, whatever the machine.
  func tailnetProblems() -> [Problem] {
    var problems: [Problem] = []
    let isOurs = [.auto, .embedded].contains(tailscale.mode)
    if let key = tailscale.authKey {
      if !isOurs {
        problems.append(
          Problem(
            "TAILSCALE_AUTHKEY", .warning, what: "has no effect with TAILSCALE_MODE=\(tailscale.mode.rawValue)",
            fix: "unset it, or write TAILSCALE_MODE=embedded"))
      } else if key.hasPrefix("file:") {
        problems.append(
          Problem(
            "TAILSCALE_AUTHKEY", .error, what: "names a file", fix: "name it in TAILSCALE_AUTHKEY_FILE, without `file:`"
          ))
      } else if tailscale.keyNeedsCommand, tailscale.tags == nil, !advertisesTags {
        problems.append(
          Problem(
            "TAILSCALE_TAGS", .error, what: "is not set, and a node that joins by an OAuth client's secret needs tags",
            fix: "write such as tag:trading, which the client must own"))
      }
    }
    if isOurs, tailscale.isEphemeral, tailscale.authKey == nil {
      problems.append(
        Problem(
          "TAILSCALE_EPHEMERAL", .warning,
          what: "is yes without a TAILSCALE_AUTHKEY, so a person has to log the node in at each start",
          fix: "set a reusable key, or write no"))
    }
    return problems
  }

  private var advertisesTags: Bool {
    tailscale.extraArguments?.contains { $0.hasPrefix("--advertise-tags") || $0.hasPrefix("-advertise-tags") } == true
  }
}
