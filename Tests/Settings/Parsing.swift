import Settings

/// Parses an environment whose files are given by path.
func parse(
  _ environment: [String: String], files: [String: String] = [:]
) -> (settings: Settings, problems: [Problem]) {
  Settings.parse(environment: environment) { path in
    files[path].map { .success($0) } ?? .failure(UnreadableFile("it does not exist"))
  }
}

/// A login for one mode, so that no warning is left.
let login = ["TWS_USERID": "someone", "TWS_PASSWORD": "correct horse"]

extension [Problem] {
  /// What was found about one variable.
  func about(_ variable: String) -> [Problem] { filter { $0.variable == variable } }

  /// Whether there is an error about a variable.
  func hasError(_ variable: String) -> Bool { contains { $0.variable == variable && $0.severity == .error } }

  /// Whether there is a warning about a variable.
  func hasWarning(_ variable: String) -> Bool { contains { $0.variable == variable && $0.severity == .warning } }
}
