import Files
import Settings
import Templates
import Trading

/// A file as it is to be written.
public struct RenderedFile: Sendable {
  /// The path a user knows it by. Where that cannot be written, `PreparedFiles` tells where it went.
  public let path: String
  /// What it is, in a word or two.
  public let title: String
  /// Its content.
  public let bytes: [UInt8]
  /// The permissions it gets.
  public let mode: UInt32
}

extension Preparation {
  /// The files of a run as text, without writing any: config.ini and jts.ini of each mode, unless the user brings his own,
  /// and the Caddyfile. A jts.ini that exists is left as it is by `write`, but shown here as a new one would be.
  ///
  /// - Parameter masked: whether `***` stands for each secret.
  /// - Throws: the first problem that keeps a file from being rendered.
  public static func render(_ settings: Settings, masked: Bool) throws(Problem) -> [RenderedFile] {
    var files: [RenderedFile] = []
    for mode in settings.modes where !settings.customConfig {
      files.append(try Rendering(.ini, settings, mode).file(masked: masked))
      files.append(try Rendering(.jts, settings, mode).file(masked: masked))
    }
    if settings.caddy.isWanted {
      files.append(try Rendering(.caddyfile, settings, settings.modes[0]).file(masked: masked))
    }
    return files
  }
}

/// One template, and the settings and mode that fill it.
struct Rendering {
  /// The three templates there are.
  enum Document: CaseIterable {
    case ini
    case jts
    case caddyfile
  }

  let document: Document
  let settings: Settings
  let mode: Mode
  let template: Template
  /// Where the template came from; nil for the one that is built in.
  let source: String?
  /// Whether Caddy's access log goes nowhere. Newer releases do not start where they cannot write one, and a log is not worth the
  /// health site.
  var discardsHTTPLog: Bool

  init(_ document: Document, _ settings: Settings, _ mode: Mode) throws(Problem) {
    discardsHTTPLog = !Check(settings: settings).canWriteHTTPLog
    self.document = document
    self.settings = settings
    self.mode = mode
    let path = document.templatePath(settings)
    guard FileSystem.kind(of: path) != nil else {
      source = nil
      template = Template(Array(document.builtIn.utf8))
      return
    }
    source = path
    do throws(FileError) {
      template = Template(try FileSystem.read(path, limit: 1 << 20))
    } catch {
      throw Problem(
        document.variable, .error, what: "names the template \(path), which cannot be read: \(error.why)",
        fix: "make it a readable file, or remove it to use the one that is built in")
    }
  }

  /// The finished file.
  func file(masked: Bool) throws(Problem) -> RenderedFile {
    var secret = document == .ini
    let bytes = try template.rendered { (reference) throws(Problem) in
      let discards = reference.name == "CADDY_HTTP_LOG" && discardsHTTPLog
      let known = discards ? "output discard" : settings.templateValue(reference.name, for: mode)
      guard let value = known else { return nil }
      if Settings.isSecret(reference.name), !value.isEmpty {
        secret = true
        if masked { return Array("***".utf8) }
      }
      return try spelled(value, reference)
    }
    return RenderedFile(
      path: document.path(settings, mode), title: document.title, bytes: bytes, mode: secret ? 0o600 : 0o644)
  }

  /// A value as the document's reader needs it.
  private func spelled(_ value: String, _ reference: Template.Reference) throws(Problem) -> [UInt8] {
    if value.unicodeScalars.contains("\u{FFFD}") {
      throw Problem(
        reference.name, .error,
        what: "is not valid UTF-8, and line \(reference.line) of the template for \(document.title) needs it",
        fix: "save it in UTF-8")
    }
    guard document == .ini else { return Array(value.utf8) }
    do throws(PropertiesValue.LineBreak) {
      return try PropertiesValue.escaped(value)
    } catch {
      throw Problem(
        reference.name, .error,
        what: "contains a line break, and line \(reference.line) of the template puts it into config.ini",
        fix: "put the value on one line")
    }
  }

  /// A warning for each variable of the template that nobody gives.
  func unknownNames() -> [Problem] {
    template.references.compactMap { reference in
      guard settings.templateValue(reference.name, for: mode) == nil else { return nil }
      return Problem(
        document.variable, .warning,
        what: "names \(source ?? document.title), whose line \(reference.line) has ${\(reference.name)}, "
          + "which is not set and becomes nothing",
        fix: "set \(reference.name), or take it out of the template")
    }
  }
}

extension Rendering.Document {
  var title: String {
    switch self {
    case .ini: "config.ini"
    case .jts: "jts.ini"
    case .caddyfile: "Caddyfile"
    }
  }

  /// The variable that names the template.
  var variable: String {
    switch self {
    case .ini: "IBC_INI_TMPL"
    case .jts: "TWS_INI_TMPL"
    case .caddyfile: "CADDYFILE_TMPL"
    }
  }

  var builtIn: String {
    switch self {
    case .ini: BuiltInTemplates.ini
    case .jts: BuiltInTemplates.jts
    case .caddyfile: BuiltInTemplates.caddyfile
    }
  }

  func templatePath(_ settings: Settings) -> String {
    switch self {
    case .ini: settings.ibc.iniTemplate
    case .jts: settings.ibkr.iniTemplatePath
    case .caddyfile: settings.caddy.template
    }
  }

  func path(_ settings: Settings, _ mode: Mode) -> String {
    switch self {
    case .ini: settings.iniPath(for: mode)
    case .jts: settings.jtsPath(for: mode)
    case .caddyfile: settings.caddyfilePath
    }
  }
}

extension Settings {
  /// The jts.ini of one mode.
  func jtsPath(for mode: Mode) -> String { "\(settingsPath(for: mode))/\(ibkr.ini)" }

  /// Where Caddy's configuration is rendered to.
  var caddyfilePath: String { "\(runDirectory)/Caddyfile" }

  /// Where x11vnc reads its password.
  var vncPasswordPath: String { "\(runDirectory)/vnc-password" }

  /// Where config.ini goes when its own directory cannot be written.
  func fallbackIniPath(for mode: Mode) -> String { "\(runDirectory)/config.ini\(suffix(for: mode))" }
}
