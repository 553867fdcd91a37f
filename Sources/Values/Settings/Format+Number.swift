/// Whole numbers: amounts, identifiers, memory.

extension Format where Value == Int {
  /// A whole number within bounds. `unit` is what the number counts, as a plural.
  static func integer(_ range: ClosedRange<Int>, of unit: String) -> Self {
    Format("number of \(unit)") { text in
      guard let value = Int(text.trimmed), !text.trimmed.hasPrefix("+") else {
        return .failure(
          Invalid(what: "is \(text.quoted), which is no whole number", fix: "write the number of \(unit) alone"))
      }
      return bounded(value, range, unit)
    }
  }

  /// A number that identifies something.
  static func identifier(_ range: ClosedRange<Int>) -> Self {
    Format("number") { text in
      guard let value = Int(text.trimmed), range.contains(value), !text.trimmed.hasPrefix("+") else {
        return .failure(
          Invalid(
            what: "is \(text.quoted)", fix: "write a whole number from \(range.lowerBound) to \(range.upperBound)"))
      }
      return .success(Parsed(value, String(value)))
    }
  }

  /// Megabytes of memory, or with a unit as Java has them: `1024`, `1024m`, `2g`. Canonical in megabytes.
  static func memory(_ range: ClosedRange<Int>) -> Self {
    Format("number of megabytes") { text in
      var digits = text.trimmed.lowercased()
      if digits.hasSuffix("b") { digits.removeLast() }
      let gigabytes = digits.hasSuffix("g")
      if gigabytes || digits.hasSuffix("m") { digits.removeLast() }
      guard let value = Int(digits.trimmed), digits.first?.isNumber == true else {
        return .failure(
          Invalid(what: "is \(text.quoted), which is no amount of memory", fix: "write megabytes, such as 1024"))
      }
      let (megabytes, overflow) = value.multipliedReportingOverflow(by: gigabytes ? 1024 : 1)
      return bounded(overflow ? Int.max : megabytes, range, "megabytes")
    }
  }

  private static func bounded(
    _ value: Int, _ range: ClosedRange<Int>, _ unit: String
  ) -> Result<Parsed<Int>, Invalid> {
    guard range.contains(value) else {
      return .failure(
        Invalid(
          what: "is \(value), which is out of bounds",
          fix: "choose a number of \(unit) from \(range.lowerBound) to \(range.upperBound)"))
    }
    return .success(Parsed(value, String(value)))
  }
}
