import Files
import Settings
import TestSupport

@testable import Preparation

/// A directory that looks like the image: IBKR's program, IBC, a home, and a run directory.
final class ImageLayout {
  private let directory = TemporaryDirectory()
  var root: String { directory.path }
  /// What the image sets, in this directory, and a login.
  var environment: [String: String]

  init() throws {
    let root = directory.path
    environment = [
      "HOME": "\(root)/home", "TWS_PATH": "\(root)/home/Jts", "IBC_PATH": "\(root)/home/ibc",
      "IB_GATEWAY_VERSION": "10.45.1j", "IBGW_RUN_DIR": "\(root)/run", "CADDY_LOG_DIR": "\(root)/log",
      "CADDYFILE_TMPL": "\(root)/caddy/Caddyfile.tmpl", "PATH": "\(root)/bin", "TWS_USERID": "someone",
      "TWS_PASSWORD": "correct horse", "TAILSCALE_STATE_DIR": "\(root)/state",
      "TAILSCALE_SOCKET": "\(root)/tailscaled.sock",
    ]
    try file("home/Jts/ibgateway/10.45.1j/jars/jts4launch.jar")
    try file("home/Jts/ibgateway/10.45.1j/ibgateway.vmoptions", "# options\n-Xmx768m\n-XX:+UseG1GC\n")
    try file("home/ibc/scripts/ibcstart.sh", "#!/bin/bash\n", mode: 0o755)
    try file("home/ibc/IBC.jar")
    for (template, text) in [
      ("home/ibc/config.ini.tmpl", BuiltInTemplates.ini), ("home/Jts/jts.ini.tmpl", BuiltInTemplates.jts),
      ("caddy/Caddyfile.tmpl", BuiltInTemplates.caddyfile),
    ] { try file(template, text) }
    for program in ["Xvfb", "bash", "caddy", "x11vnc", "tailscaled"] { try file("bin/\(program)", mode: 0o755) }
    try file("proc/net/tcp", Self.tableHead)
    try file("zoneinfo/Etc/UTC")
    try file("zoneinfo/Europe/Zurich")
  }

  static let tableHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"

  /// A path in the layout.
  func path(_ name: String) -> String { "\(root)/\(name)" }

  /// Writes a file, with its directories.
  func file(_ name: String, _ text: String = "", mode: UInt32 = 0o644) throws {
    try FileSystem.createDirectory(FileSystem.directory(of: path(name)))
    try FileSystem.write(Array(text.utf8), to: path(name), mode: mode)
  }

  func text(_ name: String) throws -> String { try FileSystem.readText(path(name)) }

  func settings(_ more: [String: String] = [:]) -> Settings {
    let (settings, problems) = Settings.parse(
      environment: environment.merging(more) { $1 }, readFile: Preparation.readSecret)
    precondition(!problems.containsError, "\(problems)")
    return settings
  }

  func check(_ more: [String: String] = [:]) -> [Problem] {
    Preparation.check(settings(more), proc: path("proc"), zones: path("zoneinfo"))
  }
}
