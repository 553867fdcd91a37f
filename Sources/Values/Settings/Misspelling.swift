/// Variables that nobody reads but that look as if one of ours was meant.
enum Misspelling {
  /// A warning for each variable that is set, unknown, and a letter or two away from a known one, or a `_FILE` of a
  /// variable that is not read from files.
  static func problems(in environment: [String: String]) -> [Problem] {
    let files = Setting.table.compactMap(\.fileVariable)
    let known = Setting.table.map(\.name) + files
    let ours = Set(known).union(Removed.advice.keys)
    return environment.keys.sorted().compactMap { name in
      guard !ours.contains(name), environment[name]?.isEmpty == false else { return nil }
      if name.hasSuffix("_FILE"), Setting.named(String(name.dropLast(5))) != nil {
        return Problem(
          name, .warning, what: "has no effect, since only secrets and user names are read from files",
          fix: "set \(name.dropLast(5)) itself")
      }
      guard let meant = nearest(to: name, in: known) else { return nil }
      return Problem(
        name, .warning, what: "is no variable of this image", fix: "write \(meant) if that is what you mean")
    }
  }

  /// The closest of the names, within one edit for a short name and two for a long one.
  static func nearest(to name: String, in names: [String]) -> String? {
    guard name.utf8.count >= 6 else { return nil }
    let limit = name.utf8.count > 8 ? 2 : 1
    return names.map { ($0, distance(Array(name.uppercased().utf8), Array($0.utf8), limit: limit)) }
      .filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
  }

  /// The number of insertions, deletions, replacements and swaps of neighbours between two names; anything above the
  /// limit is only known to be above it.
  static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
    guard abs(left.count - right.count) <= limit else { return limit + 1 }
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
