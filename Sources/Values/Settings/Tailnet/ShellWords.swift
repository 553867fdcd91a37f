/// A text split into words as a POSIX shell would: white space between words, '...', "..." and the backslash. Nothing is expanded.
enum ShellWords {
  /// The words, or nil where a quotation mark is not closed or the text ends in a backslash.
  static func split(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String.UnicodeScalarView?
    var quote: Unicode.Scalar?
    var scalars = text.unicodeScalars.makeIterator()
    func add(_ scalar: Unicode.Scalar) {
      var current = word ?? String.UnicodeScalarView()
      current.append(scalar)
      word = current
    }
    while let scalar = scalars.next() {
      switch (quote, scalar) {
      case (nil, " "), (nil, "\t"):
        if let finished = word { words.append(String(finished)) }
        word = nil
      case (nil, "'"), (nil, "\""):
        quote = scalar
        word = word ?? String.UnicodeScalarView()
      case (.some(let open), _) where open == scalar: quote = nil
      case ("'", _): add(scalar)
      case ("\"", "\\"):
        guard let next = scalars.next() else { return nil }
        if !"\"\\$`".unicodeScalars.contains(next) { add("\\") }
        add(next)
      case (nil, "\\"):
        guard let next = scalars.next() else { return nil }
        add(next)
      default: add(scalar)
      }
    }
    guard quote == nil else { return nil }
    if let word { words.append(String(word)) }
    return words
  }
}

extension Format where Value == [String] {
  /// Words as on a command line.
  static var shellWords: Self {
    Format("arguments") { text in
      guard let words = ShellWords.split(text) else {
        return .failure(Invalid(what: "ends within a quotation or in a backslash", fix: "close what it opens"))
      }
      // What stands on a command line is visible to every process.
      let keys = ["--auth-key", "--authkey", "-auth-key", "-authkey"]
      if words.contains(where: { word in keys.contains { word == $0 || word.hasPrefix("\($0)=") } }) {
        return .failure(
          Invalid(what: "has the key, which every process could read there", fix: "write it to TAILSCALE_AUTHKEY"))
      }
      return .success(Parsed(words, text))
    }
  }
}

extension Format where Value == String {
  /// The address of a server, with its scheme and without a path.
  static var httpAddress: Self {
    Format("https://HOST") { text in
      let trimmed = text.trimmed
      let scheme = ["https://", "http://"].first { trimmed.lowercased().hasPrefix($0) }
      guard let scheme, trimmed.count > scheme.count,
        !trimmed.unicodeScalars.contains(where: { $0.properties.isWhitespace })
      else {
        return .failure(
          Invalid(
            what: "is \(text.quoted), which is no web address", fix: "write such as https://headscale.example.com"))
      }
      var address = trimmed
      while address.hasSuffix("/") { address.removeLast() }
      return .success(Parsed(address, address))
    }
  }
}
