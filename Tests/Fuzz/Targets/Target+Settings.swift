import Settings
import Splice

/// The user's variables, the secrets among them, and who may connect.
extension Target {
  /// What stands in every secret of an environment: it is to be seen nowhere.
  private static let mark = "Qz7Planted"

  static let settings = Target(
    name: "settings",
    words: ["=", "\n", "yes", "no", ",", ":", "/", "0.0.0.0/0", "fd00::/8", "23:59", "AM", "UTC", "60s", "1d"]
      + Setting.table.flatMap { ["\n\($0.name)=", "\n\($0.name)_FILE=/run/secrets/x"] }
  ) { input, dice in
    var environment: [String: String] = [:]
    for line in input.split(separator: 10) {
      let sides = line.split(separator: 61, maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else { continue }
      let name = String(decoding: sides[0], as: UTF8.self)
      let value = String(decoding: sides[1], as: UTF8.self)
      environment[name] = Setting.named(name)?.isSecret == true && !value.isEmpty ? "\(mark)\(value)" : value
    }
    // A file that also a setting is read from which is no secret has none in it.
    var open: Set<String> = []
    for setting in Setting.table where !setting.isSecret {
      if let path = environment[setting.name + "_FILE"] { open.insert(path) }
    }
    let files: (String) -> Result<String, UnreadableFile> = { path in
      if path.utf8.count % 2 == 0 { return .failure(UnreadableFile("it does not exist")) }
      return .success("\(open.contains(path) ? "" : mark)\(path)\r\n")
    }
    let parsed = Settings.parse(environment: environment, readFile: files)
    for problem in parsed.problems {
      try expect(!problem.description.contains(mark), "a secret stands in a problem's text: \(problem.variable)")
      try expect(!problem.what.isEmpty && !problem.fix.isEmpty, "a problem of \(problem.variable) tells nothing")
    }
    try expect(!parsed.settings.modes.isEmpty, "no mode is to run")
    let seen = parsed.settings.openEnvironment.filter { Setting.named($0.key)?.isSecret == true }
    try expect(seen.isEmpty, "scripts may see \(seen.keys.first ?? "")")
    for text in parsed.settings.relay.allow { try expect(AddressRange(text) != nil, "RELAY_ALLOW lets \(text) pass") }

    // The same variables in another order of their table.
    var other: [String: String] = Dictionary(minimumCapacity: 4096)
    for (name, value) in environment.sorted(by: { $0.key > $1.key }) { other[name] = value }
    let again = Settings.parse(environment: other, readFile: files)
    try expect(again.problems == parsed.problems, "the problems depend on the order of the variables")
    let redaction = Redaction(secrets: parsed.settings.secrets)
    for secret in parsed.settings.secrets where secret.utf8.count >= Redaction.shortest {
      try expect(!redaction.masked("<\(secret)>").contains(mark), "a secret is not masked")
    }
  }

  static let redaction = Target(
    name: "redaction", words: ["horse", "aaaa", "\"", "\\", "%20", "+", "\\u00e9", "é", "\n"]
  ) {
    input, dice in
    // The secrets are pieces of the text itself, some of them within each other.
    var secrets: [String] = []
    for _ in 0..<dice.below(5) where !input.isEmpty {
      let start = dice.below(input.count)
      secrets.append(String(decoding: input[start..<min(input.count, start + 1 + dice.below(24))], as: UTF8.self))
    }
    // What masks is no secret, and could make one with what is around it.
    secrets = secrets.filter { !$0.contains("*") && $0.utf8.count >= Redaction.shortest }
    let redaction = Redaction(secrets: secrets)
    var masked = input
    redaction.mask(&masked)
    for secret in secrets {
      try expect(!contains(masked, Array(secret.utf8)), "a secret is left")
    }
    if secrets.isEmpty { try expect(masked == input, "it masks without a secret") }
  }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard !part.isEmpty, text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { text[$0] == part[0] && text[$0...].starts(with: part) }
  }

  static let ranges = Target(
    name: "ranges",
    words: [
      "/", "::", "::ffff:", "127.0.0.1", "fd00::/8", "10.0.0.0/8", "%eth0", ".", ":", "/32", "/128", "[", "]", ":4001",
    ]
  ) { input, dice in
    for line in input.split(separator: 10).prefix(50) {
      let text = String(decoding: line, as: UTF8.self)
      if let range = AddressRange(text) {
        try expect(AddressRange(range.description) == range, "a range that is written is another one: \(range)")
        try expect((0...128).contains(range.length) && range.contains(range.first), "a range without its first address")
      }
      if let address = IPAddress(text) {
        try expect(IPAddress(address.description) == address, "an address that is written is another one: \(address)")
        try expect(AddressRange(text)?.contains(address) == true, "an address is not in the range of itself")
      }
      if let endpoint = Endpoint(text) {
        try expect(
          Endpoint(endpoint.description) == endpoint, "an endpoint that is written is another one: \(endpoint)")
      }
    }
  }
}
