import Files
import Glibc
import Settings
import Testing

@testable import Preparation

/// The rendered files of a known environment, and the templates that are built in. With UPDATE_GOLDEN=1 in the environment the
/// files are written anew first; read what changed before you commit it.
@Suite struct GoldenTests {
  private static let root = FileSystem.directory(
    of: FileSystem.directory(of: FileSystem.directory(of: "\(#filePath)")))
  private static let updates = getenv("UPDATE_GOLDEN") != nil

  /// A user's whole configuration: both modes, every variable that goes into a file.
  private static let environment = [
    "GATEWAY_OR_TWS": "gateway", "HOME": "/nowhere/home", "IBGW_RUN_DIR": "/nowhere/run",
    "CADDYFILE_TMPL": "/nowhere/Caddyfile.tmpl",
    // Whether the log can be written decides what is rendered, so it has to be so for every user.
    "CADDY_LOG_DIR": "/tmp/ibgw-golden/log",
    "TRADING_MODE": "both", "TWS_USERID": "live-user", "TWS_PASSWORD": " p#w!:=\\ä€😀", "TWS_USERID_PAPER": "paper-user",
    "TWS_PASSWORD_PAPER": "paper-password", "TWOFA_DEVICE": "IB Key", "TWOFA_EXIT_INTERVAL": "90",
    "RELOGIN_AFTER_TWOFA_TIMEOUT": "yes", "EXISTING_SESSION_DETECTED_ACTION": "primaryoverride",
    "READ_ONLY_API": "no", "TWS_ACCEPT_INCOMING": "accept", "TWS_MASTER_CLIENT_ID": "7", "ALLOW_BLIND_TRADING": "yes",
    "BYPASS_WARNING": "yes", "AUTO_RESTART_TIME": "11:59 PM", "TWS_COLD_RESTART": "07:05",
    "SAVE_TWS_SETTINGS": "Every 30 mins", "TIME_ZONE": "Europe/Zurich", "CADDY_LOG_LEVEL": "WARN",
    "CADDY_ADMIN_DISABLED": "false",
  ]

  @Test(arguments: ["config.ini_live", "config.ini_paper", "jts.ini", "Caddyfile"])
  func `a known environment renders to the golden files`(name: String) throws {
    let (settings, problems) = Settings.parse(environment: Self.environment, readFile: Preparation.readSecret)
    #expect(!problems.containsError)
    let files = try Preparation.render(settings, masked: false)
    let file = try #require(files.first { $0.path.hasSuffix("/\(name)") })
    let golden = "\(Self.root)/Tests/Golden/\(name)"
    if Self.updates { try FileSystem.write(file.bytes, to: golden, mode: 0o644) }
    #expect(try FileSystem.readText(golden) == String(decoding: file.bytes, as: UTF8.self))
  }

  @Test func `masked files hold no secret`() throws {
    let (settings, _) = Settings.parse(environment: Self.environment, readFile: Preparation.readSecret)
    for file in try Preparation.render(settings, masked: true) {
      let text = String(decoding: file.bytes, as: UTF8.self)
      for secret in ["live-user", "paper-user", "paper-password", "p\\#w", "p#w"] { #expect(!text.contains(secret)) }
      #expect(text.contains("IbPassword=***\n") == (file.title == "config.ini"))
    }
  }

  @Test func `the built-in templates are those of the image`() throws {
    let templates = [
      ("ini", "ibc/config.ini.tmpl", BuiltInTemplates.ini), ("jts", "ibgateway/jts.ini.tmpl", BuiltInTemplates.jts),
      ("caddyfile", "caddy/Caddyfile.tmpl", BuiltInTemplates.caddyfile),
    ]
    if Self.updates { return try embed(templates.map { ($0.0, $0.1) }) }
    for (_, path, text) in templates {
      #expect(try FileSystem.readText("\(Self.root)/image-files/config/\(path)") == text)
    }
  }

  /// Writes the source file of the built-in templates; the next build compares.
  private func embed(_ templates: [(name: String, path: String)]) throws {
    var text = """
      /// The image's templates, for a machine that has no image. The text is that of image-files/config, which a test compares.
      enum BuiltInTemplates {

      """
    for (index, template) in templates.enumerated() {
      let content = try FileSystem.readText("\(Self.root)/image-files/config/\(template.path)")
      let lines = content.split(separator: "\n", omittingEmptySubsequences: false)
      let indented = lines.map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
      text += "\(index == 0 ? "" : "\n")  static let \(template.name) =\n    #\"\"\"\n\(indented)\n    \"\"\"#\n"
    }
    let source = "\(Self.root)/Sources/App/Preparation/BuiltInTemplates.swift"
    try FileSystem.write(Array("\(text)}\n".utf8), to: source, mode: 0o644)
  }
}
