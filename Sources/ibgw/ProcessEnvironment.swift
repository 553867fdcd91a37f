import Glibc
import Preparation
import Settings

/// The environment of this process; the only place that reads it. What is not UTF-8 is repaired with U+FFFD, which the
/// settings refuse.
func processEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  var next = environ
  while let entry = next.pointee {
    let text = String(cString: entry)
    if let separator = text.firstIndex(of: "=") {
      result[String(text[..<separator])] = String(text[text.index(after: separator)...])
    }
    next += 1
  }
  return result
}

/// The settings of this process and everything that is wrong with them.
func processSettings() -> (settings: Settings, problems: [Problem]) {
  Settings.parse(environment: processEnvironment(), readFile: Preparation.readSecret)
}
