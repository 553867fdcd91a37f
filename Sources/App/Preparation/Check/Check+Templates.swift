import Files
import Settings
import Templates

extension Check {
  /// The templates: readable, with names that are known and values that fit.
  mutating func templates() {
    for document in Rendering.Document.allCases where isRendered(document) {
      let path = document.templatePath(settings)
      if FileSystem.kind(of: path) == nil, settings.isGiven(document.variable) {
        warn(
          document.variable, "leads to \(path), which does not exist, so the template that is built in is used",
          "put it there, or unset the variable")
      }
      // The names in a template are the same in every mode, the values are not.
      for (index, mode) in settings.modes.enumerated() {
        do throws(Problem) {
          let rendering = try Rendering(document, settings, mode)
          if index == 0 { add(rendering.unknownNames()) }
          let file = try rendering.file(masked: true)
          if document == .ini { portsOfIBC(String(decoding: file.bytes, as: UTF8.self), path: file.path, mode) }
        } catch {
          add([error])
          break
        }
      }
    }
    if settings.customConfig {
      for mode in settings.modes {
        let path = settings.iniPath(for: mode)
        guard let bytes = try? FileSystem.read(path, limit: 1 << 20) else { continue }
        portsOfIBC(String(decoding: bytes, as: UTF8.self), path: path, mode)
      }
    } else {
      escapedValues()
    }
  }

  private func isRendered(_ document: Rendering.Document) -> Bool {
    document == .caddyfile ? settings.caddy.isWanted : !settings.customConfig
  }

  /// Values that somebody escaped by hand, for an entrypoint that wrote them as they were.
  private mutating func escapedValues() {
    for mode in settings.modes {
      let credentials = settings.credentials(for: mode)
      let suffix = settings.isDual && mode == .paper ? "_PAPER" : ""
      for (name, value) in [("TWS_USERID", credentials.userID), ("TWS_PASSWORD", credentials.password)] {
        if let value, PropertiesValue.looksEscaped(value) { sayEscaped(name + suffix) }
      }
    }
    if PropertiesValue.looksEscaped(settings.templateValue("TWOFA_DEVICE", for: settings.modes[0]) ?? "") {
      sayEscaped("TWOFA_DEVICE")
    }
  }

  private mutating func sayEscaped(_ variable: String) {
    warn(
      variable, "holds backslashes that look like escapes for config.ini, and now arrive as a part of it",
      "write it as you type it into the login window")
  }
}

/// Lines of an ini or a Properties file, as far as a check needs them.
enum IniText {
  /// The command server that an ini file switches on, the user's own file too; nil where it is off.
  static func commandServer(_ path: String) -> String? {
    guard let text = try? FileSystem.readText(path, limit: 1 << 20),
      let port = value(of: "CommandServerPort", in: text).flatMap({ UInt16($0) }), port != 0
    else { return nil }
    return "\(value(of: "BindAddress", in: text) ?? "127.0.0.1"):\(port)"
  }

  /// Whether an ini file has a user name and a password, the user's own file too. One that is no UTF-8 text is taken to have them.
  static func hasCredentials(_ path: String) -> Bool {
    guard let text = try? FileSystem.readText(path, limit: 1 << 20) else { return true }
    return ["IbLoginId", "IbPassword"].allSatisfy { value(of: $0, in: text) != nil }
  }

  /// The last value of a key that is written `key=value`; nil where it has none.
  static func value(of key: String, in text: String) -> String? {
    var found: String?
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
      if parts.count == 2, parts[0] == key, !parts[1].isEmpty { found = parts[1] }
    }
    return found
  }
}
