/// The rows of the tailnet node. Users of Tailscale's own container know some of them as `TS_...`.
extension Setting {
  static let tailnet: [Setting] = [
    Setting(
      "TAILSCALE_MODE", \.tailscale.mode, .choice, default: .fixed("auto"),
      help: "Who runs the tailnet node; `auto` is embedded where there is a key or a node's state, else off."),
    Setting(
      secret: "TAILSCALE_AUTHKEY", \.tailscale.authKey,
      help: "Key with which the container joins the tailnet; also TS_AUTHKEY."
    ).alias("TS_AUTHKEY"),
    Setting(
      "TAILSCALE_HOSTNAME", \.tailscale.hostname, optional: .word("host name", allowing: "-"),
      help: "Name on the tailnet; unset, the container's host name. Also TS_HOSTNAME."
    ).alias("TS_HOSTNAME"),
    Setting("TAILSCALE_TAGS", \.tailscale.tags, optional: .tags, help: "Tags to advertise, such as `tag:trading`."),
    Setting(
      "TAILSCALE_LOGIN_SERVER", \.tailscale.loginServer, optional: .httpAddress,
      help: "Control server of the tailnet, such as Headscale's; unset, Tailscale's own."),
    Setting(
      "TAILSCALE_EXTRA_ARGS", \.tailscale.extraArguments, optional: .shellWords,
      help: "More arguments for `tailscale up`, split as a shell would; also TS_EXTRA_ARGS."
    ).alias("TS_EXTRA_ARGS"),
    Setting(
      "TAILSCALE_EPHEMERAL", \.tailscale.isEphemeral, .yesNo, default: .fixed("no"),
      help: "Whether a stop logs the node out of the tailnet, so that the next start needs a key again."),
    Setting(
      "TAILSCALE_SERVE_CONFIG", \.tailscale.serveConfig, optional: .path,
      help: "JSON file of what `tailscale serve` offers, with `${TS_CERT_DOMAIN}` replaced; also TS_SERVE_CONFIG."
    ).alias("TS_SERVE_CONFIG"),
    Setting(
      "TAILSCALE_TUN", \.tailscale.tun, .choice, default: .fixed("auto"),
      help: "How the node gets its packets; `auto`: kernel with /dev/net/tun and NET_ADMIN. Also TS_USERSPACE."
    ).alias("TS_USERSPACE") { text in
      switch text.trimmed.lowercased() {
      case "true", "1", "t", "yes": Settings.Tailscale.Tun.userspace.rawValue
      case "false", "0", "f", "no": Settings.Tailscale.Tun.kernel.rawValue
      default: text
      }
    },
    Setting(
      "API_ALLOW", \.tailscale.allow, optional: .callers,
      help:
        "Users, `*@domain`, `tag:name` and nodes of the tailnet that may use the API; unset, all that it lets through."
    ).orListFile(),
    Setting(
      "TAILNET_GUARD", \.tailscale.confinement, .choice,
      default: .derived("warn (API_ALLOW: require)") { $0.tailscale.allow == nil ? "warn" : "require" },
      help:
        "What it means that the kernel cannot keep the tailnet to the API's ports: a warning, or no tailnet."),
    Setting(
      "TAILNET_PORTS", \.tailscale.ports, optional: .ports,
      help:
        "More ports that the tailnet may reach in userspace mode, such as 5900, and those of your own DERP servers."),
    Setting(
      "TAILSCALE_STATE_DIR", \.tailscale.stateDirectory, .path, default: .fixed("/var/lib/tailscale"),
      help: "Directory of the node's state; mount a volume there to stay the same node. Also TS_STATE_DIR."
    ).alias("TS_STATE_DIR"),
    Setting(
      "TAILSCALE_SOCKET", \.tailscale.socket, .path, default: .fixed("/var/run/tailscale/tailscaled.sock"),
      help: "tailscaled's socket; also TS_SOCKET."
    ).alias("TS_SOCKET"),
  ]
}
