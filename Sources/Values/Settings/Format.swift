/// How the text of one variable becomes a value.
///
/// A format is total: every text is either a value, with the canonical spelling that goes into templates, or a sentence
/// that says what is wrong and how to write it.
public struct Format<Value: Sendable>: Sendable {
  /// What the reference table shows as the type.
  let name: String
  let parse: @Sendable (String) -> Result<Parsed<Value>, Invalid>

  init(_ name: String, parse: @escaping @Sendable (String) -> Result<Parsed<Value>, Invalid>) {
    self.name = name
    self.parse = parse
  }
}

/// A value and its canonical spelling.
struct Parsed<Value: Sendable>: Sendable {
  let value: Value
  let text: String

  init(_ value: Value, _ text: String) {
    self.value = value
    self.text = text
  }
}

/// Why a text is no value of a format, in the words of `Problem`.
struct Invalid: Error {
  let what: String
  let fix: String
}

extension Format where Value == String {
  /// Any text, exactly as it is.
  static var text: Self { Format("text") { .success(Parsed($0, $0)) } }

  /// Any text that is never to be seen: the name alone differs, for the reference.
  static var secret: Self { Format("secret") { .success(Parsed($0, $0)) } }

  /// An absolute path.
  static var path: Self {
    Format("absolute path") { text in
      let trimmed = text.trimmed
      guard trimmed.hasPrefix("/") else {
        return .failure(Invalid(what: "is \(trimmed.quoted), which is no absolute path", fix: "begin it with /"))
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }

  /// A path that is taken relative to a directory known only later.
  static var relativePath: Self {
    Format("path") { text in
      let trimmed = text.trimmed
      return .success(Parsed(trimmed, trimmed))
    }
  }

  /// The name of a file, without a directory.
  static var fileName: Self {
    Format("file name") { text in
      let trimmed = text.trimmed
      guard !trimmed.contains("/"), trimmed != ".", trimmed != ".." else {
        return .failure(
          Invalid(what: "is \(trimmed.quoted), which is no plain file name", fix: "leave out the directory"))
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }

  /// An X display of this machine, such as `:1`.
  static var display: Self {
    Format("X display") { text in
      let trimmed = text.trimmed
      let number = trimmed.dropFirst().split(separator: ".").first.map(String.init) ?? ""
      guard trimmed.hasPrefix(":"), let display = Int(number), (0...59_534).contains(display) else {
        return .failure(
          Invalid(what: "is \(text.quoted), which is no display of this machine", fix: "write such as :1"))
      }
      return .success(Parsed(":\(display)", ":\(display)"))
    }
  }

  /// Text in which only the given bytes occur besides ASCII letters and digits, such as a host name.
  static func word(_ name: String, allowing others: String) -> Self {
    Format(name) { text in
      let trimmed = text.trimmed
      for character in trimmed.unicodeScalars {
        let plain = character.isASCII && (character.properties.isAlphabetic || ("0"..."9").contains(character))
        if !plain && !others.unicodeScalars.contains(character) {
          return .failure(
            Invalid(
              what: "contains \(String(character).quoted)",
              fix: "use letters, digits and \(others.map { String($0).quoted }.joined(separator: " ")) only"))
        }
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }
}

extension Format where Value == Bool {
  /// `yes` or `no`, and what users write for them. The canonical spelling is IBC's.
  static var yesNo: Self {
    Format("yes or no") { text in
      switch text.trimmed.lowercased() {
      case "yes", "true", "on", "1": .success(Parsed(true, "yes"))
      case "no", "false", "off", "0": .success(Parsed(false, "no"))
      default: .failure(Invalid(what: "is \(text.quoted)", fix: "write yes or no"))
      }
    }
  }
}

extension Format where Value == Bool {
  /// True for exactly `yes`, and false for everything else: what users of `CUSTOM_CONFIG` rely on.
  static var exactYes: Self { Format("exactly yes") { .success(Parsed($0 == "yes", $0)) } }
}

extension Format where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One word out of a fixed list, in any case of letters.
  static var choice: Self { choice(also: [:]) }

  /// One word out of a fixed list, in any case of letters, or another word that users write for one of them.
  static func choice(also others: [String: Value]) -> Self {
    let words = Value.allCases.map(\.rawValue)
    return Format(words.joined(separator: ", ")) { text in
      let wanted = text.trimmed.lowercased()
      if let value = Value.allCases.first(where: { $0.rawValue.lowercased() == wanted }) ?? others[wanted] {
        return .success(Parsed(value, value.rawValue))
      }
      return .failure(Invalid(what: "is \(text.quoted)", fix: "choose one of \(words.joined(separator: ", "))"))
    }
  }
}

extension String {
  /// Without the white space at either end that files and shells leave behind.
  var trimmed: String {
    guard let first = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(unicodeScalars[first...last])
  }

  /// Between quotation marks and short enough for a log line.
  var quoted: String {
    count <= 80 ? "\"\(self)\"" : "\"\(prefix(80))...\""
  }
}
