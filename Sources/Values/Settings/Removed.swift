/// Variables of the bash images that have no effect any more, and what does their work now.
enum Removed {
  /// What to use instead, by variable.
  static let advice: [String: String] = {
    let tailnet = "set TAILSCALE_AUTHKEY to reach the API over a tailnet, and unset it"
    let screen = "reach the desktop over the tailnet or a published port, and unset it"
    return [
      "SSH_TUNNEL": tailnet,
      "SSH_OPTIONS": tailnet,
      "SSH_ALIVE_INTERVAL": tailnet,
      "SSH_ALIVE_COUNT": tailnet,
      "SSH_PASSPHRASE": tailnet,
      "SSH_PASSPHRASE_FILE": tailnet,
      "SSH_REMOTE_PORT": tailnet,
      "SSH_USER_TUNNEL": tailnet,
      "SSH_RESTART": "unset it: the relay is back at once, without a pause to choose",
      "SSH_VNC_PORT": screen,
      "SSH_RDP_PORT": screen,
    ]
  }()

  /// A warning for each of them that is set.
  static func problems(in environment: [String: String]) -> [Problem] {
    advice.keys.sorted().compactMap { name in
      guard let fix = advice[name], environment[name]?.isEmpty == false else { return nil }
      return Problem(name, .warning, what: "has no effect, since there is no SSH tunnel any more", fix: fix)
    }
  }
}
