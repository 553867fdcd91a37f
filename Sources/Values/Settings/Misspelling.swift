/// Variables that nobody reads but that look as if one of ours was meant.
enum Misspelling {
  /// A warning for each variable that is set, unknown, and a letter or two away from a known one, or a `_FILE` of a
  /// variable that is not read from files.
  static func problems(in environment: [String: String]) -> [Problem] {
    let known = Setting.table.flatMap { row in
      ([row.name] + row.aliases.map(\.name)).flatMap { row.fileVariable != nil ? [$0, "\($0)_FILE"] : [$0] }
    }
    let ours = Set(known).union(Removed.advice.keys)
    let candidates = known.map(Candidate.init)
    return environment.keys.sorted().compactMap { name in
      guard !ours.contains(name), environment[name]?.isEmpty == false else { return nil }
      if name.hasSuffix("_FILE"), Setting.named(String(name.dropLast(5))) != nil {
        return Problem(
          name, .warning, what: "has no effect, since only secrets and user names are read from files",
          fix: "set \(name.dropLast(5)) itself")
      }
      guard let meant = nearest(to: name, in: candidates) else { return nil }
      return Problem(
        name, .warning, what: "is no variable of this image", fix: "write \(meant) if that is what you mean")
    }
  }

  /// A name that may be meant, with the letters in it as bits.
  private struct Candidate {
    let name: String
    let bytes: [UInt8]
    let letters: UInt64

    init(_ name: String) {
      self.name = name
      bytes = Array(name.utf8)
      letters = bytes.reduce(0) { $0 | 1 << UInt64($1 & 63) }
    }

    /// Whether so few edits could lead here: each changes the length by at most one, and the letters by at most two.
    func isWithin(_ limit: Int, of other: Candidate) -> Bool {
      abs(bytes.count - other.bytes.count) <= limit && (letters ^ other.letters).nonzeroBitCount <= 2 * limit
    }
  }

  /// The closest of the names, within one edit for a short name and two for a long one.
  private static func nearest(to name: String, in candidates: [Candidate]) -> String? {
    guard name.utf8.count >= 6 else { return nil }
    let limit = name.utf8.count > 8 ? 2 : 1
    let written = Candidate(name.uppercased())
    return candidates.filter { $0.isWithin(limit, of: written) }
      .map { ($0.name, distance(written.bytes, $0.bytes)) }
      .filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
  }

  /// The number of insertions, deletions, replacements and swaps of neighbours between two names.
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let same = left[row] == right[column]
        var best = min(previous[column] + (same ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, before[column - 1] + 1)
        }
        current.append(best)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }
}
