extension Format where Value == Settings.Logins.Budget {
  /// How many logins may fail in an hour and in a day, such as `3/hour,5/day`, in either order.
  static var loginBudget: Self {
    Format("n/hour,m/day") { text in
      let fix = "write such as 3/hour,5/day, each number from 1 to 100"
      var counts: [String: Int] = [:]
      for part in text.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
        let words = part.split(separator: "/", omittingEmptySubsequences: false).map { String($0).trimmed }
        guard words.count == 2, ["hour", "day"].contains(words[1]), counts[words[1]] == nil,
          words[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
          let count = Int(words[0]), (1...100).contains(count)
        else { return .failure(Invalid(what: "is \(text.quoted), which is no login budget", fix: fix)) }
        counts[words[1]] = count
      }
      guard let perHour = counts["hour"], let perDay = counts["day"] else {
        return .failure(Invalid(what: "is \(text.quoted), which says only one of the two limits", fix: fix))
      }
      return .success(Parsed(.init(perHour: perHour, perDay: perDay), "\(perHour)/hour,\(perDay)/day"))
    }
  }
}
