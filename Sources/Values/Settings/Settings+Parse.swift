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
    settings.open = environment.filter { Setting.named($0.key)?.isSecret != true }

    for setting in Setting.table {
      let text = setting.text(in: environment, readFile: readFile, problems: &problems)
      if let text, let canonical = settings.apply(setting, text, problems: &problems) {
        settings.texts[setting.name] = canonical
        settings.given.insert(setting.name)
      } else if let standard = setting.defaultText(settings) {
        settings.texts[setting.name] = settings.apply(setting, standard, problems: &problems)
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

  private mutating func apply(_ setting: Setting, _ text: String, problems: inout [Problem]) -> String? {
    switch setting.store(text, &self) {
    case .success(let canonical): return canonical
    case .failure(let invalid):
      problems.append(Problem(setting.name, .error, what: invalid.what, fix: invalid.fix))
      return nil
    }
  }
}

extension Setting {
  /// The variable that names a file with the value, where there is one.
  public var fileVariable: String? { isSecret ? "\(name)_FILE" : nil }

  fileprivate func text(
    in environment: [String: String], readFile: (String) -> Result<String, UnreadableFile>, problems: inout [Problem]
  ) -> String? {
    let direct = environment[name].flatMap { $0.isEmpty ? nil : $0 }
    let path = fileVariable.flatMap { environment[$0] }.flatMap { $0.isEmpty ? nil : $0 }
    switch (direct, path) {
    case (nil, nil): return nil
    case (.some(let text), nil): return clean(text, problems: &problems)
    case (.some, .some):
      problems.append(
        Problem(name, .error, what: "and \(name)_FILE are both set, but exclude each other", fix: "unset one of them"))
      return nil
    case (nil, .some(let path)):
      switch readFile(path) {
      case .failure(let error):
        problems.append(
          Problem(
            "\(name)_FILE", .error, what: "names \(path), which cannot be read: \(error.why)",
            fix: "mount a readable file there, or unset it"))
        return nil
      case .success(let text): return fileText(text, path: path, problems: &problems)
      }
    }
  }

  /// The value in a file's text.
  private func fileText(_ text: String, path: String, problems: inout [Problem]) -> String? {
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
          "\(name)_FILE", .warning, what: "names \(path), which has Windows line ends; they are left out",
          fix: "save it with Unix line ends"))
    }
    guard !scalars.isEmpty else {
      problems.append(
        Problem(
          "\(name)_FILE", .error, what: "names \(path), which is empty", fix: "write the value into it, or unset it"))
      return nil
    }
    return clean(String(scalars), variable: "\(name)_FILE", problems: &problems)
  }

  /// The text, unless no line of a configuration file could hold it.
  private func clean(_ text: String, variable: String? = nil, problems: inout [Problem]) -> String? {
    let variable = variable ?? name
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
