/// Why a file that holds a value could not be read, as a clause: `it does not exist`, `it is a directory`.
public struct UnreadableFile: Error, Sendable, Equatable {
  /// The reason.
  public let why: String

  /// Creates an error from the reason.
  public init(_ why: String) { self.why = why }
}

extension Settings {
  /// Reads a whole environment, and reports everything that is wrong with it at once.
  ///
  /// An empty variable is an unset one, since compose passes `${X:-}`. A variable that may be read from a file is: then its
  /// trailing newlines are dropped, as the shell's `$(<file)` drops them.
  ///
  /// - Parameters:
  ///   - environment: every variable of the process; what is not UTF-8 holds U+FFFD instead.
  ///   - readFile: the text of a file at a path.
  /// - Returns: settings in which every wrong value is replaced by its default, and the problems, errors first.
  public static func parse(
    environment: [String: String], readFile: (String) -> Result<String, UnreadableFile>
  ) -> (settings: Settings, problems: [Problem]) {
    var settings = Settings()
    var problems: [Problem] = []
    settings.open = environment.filter { Setting.understanding($0.key)?.isSecret != true }

    for setting in Setting.table {
      let source = setting.source(in: environment, readFile: readFile, problems: &problems)
      if let source, let canonical = settings.apply(setting, source.text, as: source.variable, problems: &problems) {
        settings.texts[setting.name] = canonical
        settings.given.insert(setting.name)
        settings.files[setting.name] = source.file
      } else if let standard = setting.defaultText(settings) {
        settings.texts[setting.name] = settings.apply(setting, standard, as: setting.name, problems: &problems)
      }
    }
    settings.modes =
      switch settings.tradingMode {
      case _ where settings.dualMode: [.live, .paper]
      case .both: [.live, .paper]
      case .live: [.live]
      case .paper: [.paper]
      }

    problems += settings.contradictions(in: environment)
    problems += Removed.problems(in: environment)
    problems += Misspelling.problems(in: environment)
    return (settings, problems.filter { $0.severity == .error } + problems.filter { $0.severity == .warning })
  }

  private mutating func apply(
    _ setting: Setting, _ text: String, as variable: String, problems: inout [Problem]
  ) -> String? {
    switch setting.store(text, &self) {
    case .success(let canonical): return canonical
    case .failure(let invalid):
      problems.append(Problem(variable, .error, what: invalid.what, fix: invalid.fix))
      return nil
    }
  }
}

extension Setting {
  /// The variable that names a file with the value, where there is one.
  public var fileVariable: String? { isSecret || isListFile ? "\(name)_FILE" : nil }

  /// A text that was given, and where.
  fileprivate struct Source {
    let variable: String
    let text: String
    /// The file that it was read from, where it was.
    var file: String?
  }

  /// What the row's variable says, or another name of it; two that differ are a problem rather than a choice.
  fileprivate func source(
    in environment: [String: String], readFile: (String) -> Result<String, UnreadableFile>, problems: inout [Problem]
  ) -> Source? {
    var found: [Source] = []
    for alias in [Alias(name: name, reading: { $0 })] + aliases {
      guard let source = given(as: alias.name, in: environment, readFile: readFile, problems: &problems) else {
        continue
      }
      found.append(Source(variable: source.variable, text: alias.reading(source.text), file: source.file))
    }
    guard let first = found.first else { return nil }
    if let other = found.first(where: { $0.text.trimmed != first.text.trimmed }) {
      problems.append(
        Problem(
          first.variable, .error, what: "and \(other.variable) are both set and differ", fix: "unset \(other.variable)")
      )
      return nil
    }
    return first
  }

  private func given(
    as name: String, in environment: [String: String], readFile: (String) -> Result<String, UnreadableFile>,
    problems: inout [Problem]
  ) -> Source? {
    let direct = environment[name].flatMap { $0.isEmpty ? nil : $0 }
    let path = fileVariable != nil ? environment["\(name)_FILE"].flatMap { $0.isEmpty ? nil : $0 } : nil
    switch (direct, path) {
    case (nil, nil): return nil
    case (.some(let text), nil):
      return clean(text, variable: name, problems: &problems).map { Source(variable: name, text: $0) }
    case (.some, .some):
      problems.append(
        Problem(name, .error, what: "and \(name)_FILE are both set, but exclude each other", fix: "unset one of them"))
      return nil
    case (nil, .some(let path)):
      let variable = "\(name)_FILE"
      switch readFile(path) {
      case .failure(let error):
        problems.append(
          Problem(
            variable, .error, what: "names \(path), which cannot be read: \(error.why)",
            fix: "mount a readable file there, or unset it"))
        return nil
      case .success(let text):
        return fileText(text, path: path, variable: variable, problems: &problems)
          .map { Source(variable: variable, text: $0, file: path) }
      }
    }
  }

  /// The value in a file's text.
  private func fileText(
    _ text: String, path: String, variable: String, problems: inout [Problem]
  ) -> String? {
    var scalars = text.unicodeScalars[...]
    var windows = false
    while scalars.last == "\n" {
      scalars.removeLast()
      if scalars.last == "\r" {
        scalars.removeLast()
        windows = true
      }
    }
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    if windows {
      problems.append(
        Problem(
          variable, .warning, what: "names \(path), which has Windows line ends; they are left out",
          fix: "save it with Unix line ends"))
    }
    guard !scalars.isEmpty else {
      problems.append(
        Problem(
          variable, .error, what: "names \(path), which is empty", fix: "write the value into it, or unset it"))
      return nil
    }
    let value = isListFile ? Self.joined(String(scalars)) : String(scalars)
    return clean(value, variable: variable, problems: &problems)
  }

  /// The entries of a list's lines, without the comments.
  private static func joined(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.prefix { $0 != "#" } }.joined(separator: ",")
  }

  /// The text, unless no line of a configuration file could hold it.
  private func clean(_ text: String, variable: String, problems: inout [Problem]) -> String? {
    func refuse(_ what: String, _ fix: String) -> String? {
      problems.append(Problem(variable, .error, what: what, fix: fix))
      return nil
    }
    let scalars = text.unicodeScalars
    if scalars.contains(where: { $0 == "\n" || $0 == "\r" }) {
      return refuse("contains a line break", "put the value on one line")
    }
    if scalars.contains("\0") { return refuse("contains a NUL byte", "save it as plain text in UTF-8") }
    if scalars.contains("\u{FFFD}") { return refuse("is not valid UTF-8", "save it in UTF-8") }
    return text
  }
}
