import Testing

@testable import Simulator

@Suite struct ClockTests {
  @Test(arguments: [
    (0, "19700101", "00:00:00"), (951_782_400, "20000229", "00:00:00"), (1_795_226_871, "20261121", "02:07:51"),
    (4_107_542_399, "21000228", "23:59:59"), (1_709_251_199, "20240229", "23:59:59"),
  ])
  func `times are told in UTC`(seconds: Int, date: String, time: String) {
    let moment = Moment(seconds: seconds)
    #expect(moment.dateText == date)
    #expect(moment.timeText == time)
    #expect(moment.text(version: 178) == "\(date) \(time) UTC")
    #expect(moment.text(version: 157) == "\(date)  \(time)")
  }

  @Test func `every day of four centuries has its date and comes back from it`() {
    var previous = Moment.Date(year: 1969, month: 12, day: 31)
    for day in 0..<146_097 {
      let date = Moment.Date(daysSince1970: day)
      #expect(date.exists && date.daysSince1970 == day)
      let follows =
        (date.day == previous.day + 1 && date.month == previous.month && date.year == previous.year)
        || (date.day == 1 && (date.month == previous.month + 1 || (date.month == 1 && date.year == previous.year + 1)))
      #expect(follows, "\(previous) then \(date)")
      previous = date
    }
  }

  @Test(arguments: [
    "20261121 02:07:51 UTC", "20261121 02:07:51", "20261121-02:07:51", "20261121  02:07:51", "20261121 02:07:51 GMT",
  ])
  func `times are read as clients write them`(text: String) {
    #expect(Moment(text: text) == Moment(seconds: 1_795_226_871))
  }

  @Test func `a date alone is its midnight`() {
    #expect(Moment(text: "20261121") == Moment(seconds: 1_795_226_871).midnight)
    #expect(Moment(text: "20261121 02:07") == Moment(seconds: 1_795_226_820))
  }

  @Test(arguments: [
    "", "now", "20261321 00:00:00", "20260230", "20261121 24:00:00", "20261121 02:60:00",
    "20261121 02:07:51 US/Eastern", "2026112", "-0261121", "20261121 02:07:51 UTC more", "20261121 02",
  ])
  func `what is no time in UTC is not guessed`(text: String) {
    #expect(Moment(text: text) == nil)
  }

  @Test(arguments: [
    ("20240331", -1, "20240229"), ("20230331", -1, "20230228"), ("20260115", -1, "20251215"),
    ("20251215", 2, "20260215"), ("20240229", -12, "20230228"),
  ])
  func `months are calendar months`(from: String, months: Int, to: String) throws {
    let moment = try #require(Moment(text: from + " 10:00:00"))
    #expect(moment.adding(months: months) == Moment(text: to + " 10:00:00"))
  }

  @Test(arguments: [
    (1.004, 2, "1.00"), (-0.004, 2, "0.00"), (-12.345678, 2, "-12.35"), (1_000_000, 2, "1000000.00"), (7, 0, "7"),
  ])
  func `amounts have a fixed number of digits`(value: Double, places: Int, text: String) {
    #expect(value.text(places: places) == text)
  }
}

@Suite struct BarSpanTests {
  @Test(arguments: [
    "1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins", "10 mins", "15 mins",
    "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours", "8 hours", "1 day", "1 week", "1 month",
  ])
  func `every size that the gateway knows divides time without a gap`(text: String) throws {
    let span = try #require(BarSpan(text: text))
    var start = span.start(of: Moment(seconds: 1_795_226_871))
    for _ in 0..<30 {
      let next = span.next(after: start)
      #expect(start < next)
      #expect(span.start(of: start) == start)
      #expect(span.start(of: Moment(milliseconds: next.milliseconds - 1)) == start)
      start = next
    }
  }

  @Test(arguments: ["", "7 mins", "1", "min", "0 secs", "-1 min", "1 year", "2 days"])
  func `other sizes are refused`(text: String) {
    #expect(BarSpan(text: text) == nil)
  }

  @Test func `weeks begin on Monday and months on their first`() throws {
    let moment = Moment(seconds: 1_795_226_871)
    #expect(BarSpan.week.start(of: moment).dateText == "20261116")
    #expect(BarSpan.month.start(of: moment).dateText == "20261101")
    #expect(BarSpan.month.next(after: BarSpan.month.start(of: moment)).dateText == "20261201")
  }

  @Test(arguments: [
    ("3600 S", "20261121 01:07:51"), ("2 D", "20261119 02:07:51"), ("1 W", "20261114 02:07:51"),
    ("6 M", "20260521 02:07:51"), ("1 Y", "20251121 02:07:51"),
  ])
  func `durations reach back`(text: String, start: String) throws {
    let duration = try #require(HistoryDuration(text: text))
    #expect(duration.start(before: Moment(seconds: 1_795_226_871)) == Moment(text: start))
  }

  @Test(arguments: ["", "1", "D", "0 D", "-1 D", "1 H", "1 DD", "9999999999 S", "1 D D"])
  func `other durations are refused`(text: String) {
    #expect(HistoryDuration(text: text) == nil)
  }
}
