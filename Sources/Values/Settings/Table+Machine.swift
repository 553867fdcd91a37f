/// The rows of the machine around the program: files, desktop, network, supervision.
extension Setting {
  static let files: [Setting] = [
    Setting(
      "GATEWAY_OR_TWS", \.program, .choice, default: .fixed("gateway"),
      help: "The program to run; set by the image."),
    Setting(
      "HOME", \.home, .path,
      default: .derived("/home/ibgateway (TWS: /config)") { $0.program == .gateway ? "/home/ibgateway" : "/config" },
      help: "Home directory; set by the image."),
    Setting(
      "TWS_PATH", \.ibkr.path, .path,
      default: .derived("$HOME/Jts (TWS: /opt/ibkr)") { $0.program == .gateway ? "\($0.home)/Jts" : "/opt/ibkr" },
      help: "Where IBKR's program is installed; set by the image."),
    Setting(
      "IB_GATEWAY_VERSION", \.ibkr.version, .word("version", allowing: ".-_"), default: .none,
      help: "Version that is installed; set by the image."),
    Setting(
      "TWS_MAJOR_VRSN", \.ibkr.version, .word("version", allowing: ".-_"),
      default: .derived("$IB_GATEWAY_VERSION") { $0.ibkr.version },
      help: "Version that IBC starts; set by the image."),
    Setting(
      "TWS_SETTINGS_PATH", \.ibkr.settingsPath, .path, default: .derived("$TWS_PATH") { $0.ibkr.path },
      help: "Where the program keeps its settings; with both modes `_live` and `_paper` are appended."),
    Setting(
      "TWS_INI", \.ibkr.ini, .fileName, default: .fixed("jts.ini"),
      help: "Name of jts.ini in the settings directory; set by the image."),
    Setting(
      "TWS_INI_TMPL", \.ibkr.iniTemplate, .fileName, default: .derived("$TWS_INI.tmpl") { "\($0.ibkr.ini).tmpl" },
      help: "Name of its template in TWS_PATH; set by the image."),
    Setting(
      "IBC_PATH", \.ibc.path, .path,
      default: .derived("$HOME/ibc (TWS: /opt/ibc)") { $0.program == .gateway ? "\($0.home)/ibc" : "/opt/ibc" },
      help: "Where IBC is installed; set by the image."),
    Setting(
      "IBC_INI", \.ibc.ini, .path, default: .derived("$IBC_PATH/config.ini") { "\($0.ibc.path)/config.ini" },
      help: "IBC's config.ini; with both modes `_live` and `_paper` are appended."),
    Setting(
      "IBC_INI_TMPL", \.ibc.iniTemplate, .path, default: .derived("$IBC_INI.tmpl") { "\($0.ibc.ini).tmpl" },
      help: "Template of config.ini; set by the image."),
    Setting(
      "CADDYFILE_TMPL", \.caddy.template, .path, default: .fixed("/etc/caddy/Caddyfile.tmpl"),
      help: "Template of the Caddyfile; set by the image."),
    Setting(
      "IBGW_RUN_DIR", \.runDirectory, .path, default: .fixed("/run/ibgw"),
      help: "Directory of sockets and of files that last as long as a run."),
  ]

  static let desktop: [Setting] = [
    Setting(
      "DISPLAY", \.display, .display, default: .fixed(":1"), help: "X display to use."),
    Setting(
      secret: "VNC_SERVER_PASSWORD", \.vncPassword, image: .gateway,
      help: "Password for VNC on port 5900; unset, there is no VNC."),
    Setting(
      "VNC_BIND", \.vncBind, optional: .address4, image: .gateway,
      help: "Address on which VNC is offered; unset, all, but 127.0.0.1 where the kernel routes for a tailnet."),
    Setting(
      secret: "PASSWD", \.desktop.password, image: .tws,
      help: "Password of the desktop's user `abc`; unset, it is `abc`."),
    Setting(
      "PUID", \.desktop.userID, .identifier(0...4_294_967_294), default: .fixed("1000"), image: .tws,
      help: "User id of the desktop's user."),
    Setting(
      "PGID", \.desktop.groupID, .identifier(0...4_294_967_294), default: .fixed("1000"), image: .tws,
      help: "Group id of the desktop's user."),
  ]

  static let relay: [Setting] = [
    Setting(
      "RELAY_BIND", \.relay.bind, optional: .addresses,
      help:
        "Addresses on which the API is offered; unset, as LOCAL_ACCESS and the tailnet say; without one, all."
    ),
    Setting(
      "LOCAL_ACCESS", \.relay.localAccess, optional: .yesNo,
      help:
        "Whether the API is offered beside the tailnet too; unset, only without one or with RELAY_BIND."),
    Setting(
      "RELAY_ALLOW", \.relay.allow, .networks,
      default: .fixed(
        "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,::1,fc00::/7,fe80::/10"),
      help: "Networks whose clients are let in: loopback and private ones."),
    Setting(
      "RELAY_LISTEN", \.relay.listen, .choice, default: .fixed("when-serving"),
      help: "Whether the API's port is open only while the gateway's own is."),
    Setting(
      "RELAY_CHECK_HELLO", \.relay.checksHello, .yesNo, default: .fixed("yes"),
      help: "Whether a client that does not begin as an API client is turned away."),
    Setting(
      "RELAY_MAX_CLIENTS", \.relay.maxClients, .integer(1...10_000, of: "clients"), default: .fixed("31"),
      help: "Clients at one time for each mode; the gateway itself takes 32."),
    Setting(
      "RELAY_RATE", \.relay.rate, .integer(0...100_000, of: "connections"), default: .fixed("50"),
      help: "New connections per second from one address; 0 is no limit."),
    Setting(
      "RELAY_IDLE_TIMEOUT", \.relay.idleTimeout, .durationOrOff(1...31_536_000), default: .fixed("off"),
      help: "How long a connection may be silent before it is closed."),
    Setting(
      "CADDY_LOG_DIR", \.relay.logDirectory, .path, default: .fixed("/var/log/caddy"),
      help: "Directory of access-live.log, access-paper.log and the health site's http.log."),
    Setting(
      "ACCESS_LOG_SIZE", \.relay.logMegabytes, .integer(1...10_000, of: "megabytes"), default: .fixed("10"),
      help: "Size at which an access log is rotated."),
    Setting(
      "ACCESS_LOG_KEEP", \.relay.logsKept, .integer(0...1_000, of: "files"), default: .fixed("5"),
      help: "Rotated access logs to keep."),
  ]

  static let edge: [Setting] = [
    Setting(
      "ENABLE_HEALTH_CHECK", \.caddy.servesHealth, .yesNo, default: .fixed("yes"),
      help: "Whether /health, /ready, /metrics and /api/v1/status are served on port 2019."),
    Setting(
      "HEALTH_BIND", \.caddy.healthBind, .address, default: .fixed("127.0.0.1"),
      help: "Address on which they are served."),
    Setting(
      "CADDY_ADMIN_DISABLED", \.caddy.adminDisabled, .yesNo, default: .fixed("true"),
      help: "Whether Caddy's admin interface is off; else it is a unix socket in the run directory."),
    Setting(
      "CADDY_LOG_LEVEL", \.caddy.logLevel, .choice(also: ["warning": .warn]), default: .fixed("INFO"),
      help: "How much Caddy logs."),
  ]

  static let health: [Setting] = [
    Setting(
      "API_PROBE_CLIENT_ID", \.health.probeClientID, .identifier(1...2_147_483_646),
      default: .fixed("999"), help: "API client id that the probe uses; keep it for the probe alone."),
    Setting(
      "IBC_COMMAND_SERVER", \.health.usesCommandServer, .yesNo, default: .fixed("yes"),
      help: "Whether IBC takes commands on 127.0.0.2, port 7462 live and 7463 paper, for an orderly stop."),
    Setting(
      "ON_WEDGE", \.health.onWedge, .choice, default: .fixed("session"),
      help: "What is done about a gateway that answers nobody: restart its session, report, or restart it."),
    Setting(
      "IBKR_REGION", \.health.region, .choice, default: .fixed("america"),
      help: "Whose daily reset of IBKR's servers brings no alerts."),
    Setting(
      "ALERT_COMMAND", \.health.alertCommand, optional: .text,
      help: "Shell command that is given each alert as JSON on its standard input."),
    Setting(
      secret: "ALERT_WEBHOOK_URL", \.health.alertWebhook, help: "Address that each alert is posted to as JSON."),
  ]

  static let supervision: [Setting] = [
    Setting(
      "ON_GATEWAY_EXIT", \.onGatewayExit, .choice, default: .fixed("restart"),
      help: "What happens when the gateway has ended by itself: start it again, or end the container with its code."),
    Setting(
      "LOGIN_BUDGET", \.logins.budget, .loginBudget, default: .fixed("3/hour,5/day"),
      help: "How many logins may be for nothing before the gateway is held; IBKR locks an account that fails too often."
    ),
    Setting(
      "LOGIN_TIMEOUT", \.logins.timeout, .durationOrOff(60...86_400),
      default: .derived("300 + $TWOFA_EXIT_INTERVAL") { String(300 + $0.ibc.twoFactorExitInterval) },
      help: "How long a login may take before it is ended and counts as failed."),
    Setting(
      "ON_STOP", \.logins.onStop, .choice, default: .fixed("close"),
      help: "Whether a stop ends the session, or keeps it for the next start without a second factor."),
    Setting(
      "STOP_TIMEOUT", \.stopTimeout, .duration(5...3600),
      default: .derived("45 (ON_STOP=pause: 110)") { $0.logins.onStop == .pause ? "110" : "45" },
      help: "How long an orderly stop may take; keep compose's `stop_grace_period` above it."),
    Setting(
      "LOG_LEVEL", \.log.level, .choice(also: ["warn": .warning]), default: .fixed("info"),
      help: "How much the supervisor logs."),
    Setting("LOG_FORMAT", \.log.format, .choice, default: .fixed("text"), help: "How a line of the log looks."),
  ]
}
