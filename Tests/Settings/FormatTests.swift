import Testing

@testable import Settings

@Suite struct FormatTests {
  @Test(
    arguments: [
      ("11:59 PM", "11:59 PM"), ("08:00 AM", "08:00 AM"), ("8:00 am", "08:00 AM"), ("8:00pm", "08:00 PM"),
      (" 12:00  AM ", "12:00 AM"),
    ])
  func `a half-day time becomes the form that IBC reads`(text: String, canonical: String) {
    let (settings, problems) = parse(["AUTO_RESTART_TIME": text].merging(login) { $1 })
    #expect(problems.isEmpty)
    #expect(settings.templateValue("AUTO_RESTART_TIME", for: .paper) == canonical)
  }

  @Test(arguments: [("12:05 AM", 5), ("1:00 AM", 60), ("12:00 PM", 720), ("11:59 PM", 1439)])
  func `a restart's time of day is known in minutes`(text: String, minute: Int) {
    #expect(parse(["AUTO_RESTART_TIME": text].merging(login) { $1 }).settings.ibc.autoRestartMinute == minute)
  }

  @Test(arguments: ["13:00 PM", "00:30 AM", "11:60 PM", "11 PM", "noon", "AM", "-1:00 AM", "1١:00 AM", "111:00 AM"])
  func `what is no half-day time is refused`(text: String) {
    #expect(parse(["AUTO_LOGOFF_TIME": text]).problems.hasError("AUTO_LOGOFF_TIME"))
  }

  @Test(arguments: [("23:59", "11:59 PM"), ("00:05", "12:05 AM"), ("12:00", "12:00 PM"), ("7:05", "07:05 AM")])
  func `a 24-hour time is answered with what to write`(text: String, advice: String) throws {
    let problem = try #require(parse(["AUTO_RESTART_TIME": text]).problems.about("AUTO_RESTART_TIME").first)
    #expect(problem.severity == .error)
    #expect(problem.fix.contains(advice))
  }

  @Test(arguments: [("07:05", "07:05"), ("7:05", "07:05"), ("00:00", "00:00"), ("23:59", "23:59")])
  func `a day time becomes two digits each`(text: String, canonical: String) {
    let (settings, problems) = parse(["TWS_COLD_RESTART": text].merging(login) { $1 })
    #expect(problems.isEmpty)
    #expect(settings.templateValue("TWS_COLD_RESTART", for: .paper) == canonical)
  }

  @Test(arguments: ["24:00", "7:5", "07:05 AM", "Sunday 07:05", "7"])
  func `what is no day time is refused`(text: String) {
    #expect(parse(["TWS_COLD_RESTART": text]).problems.hasError("TWS_COLD_RESTART"))
  }

  @Test(
    arguments: [
      "08:00", "08:00   12:30 17:30", "Every 30", "Every 30 mins", "every 1 hours", "Every 1 hours 08:00",
      "Every 1 hours 08:00 00:00", "Every 90 08:00 17:43", "Every 1439", "Every 23 hours",
    ])
  func `a schedule of IBC's own documentation is accepted`(text: String) {
    #expect(parse(["SAVE_TWS_SETTINGS": text].merging(login) { $1 }).problems.isEmpty)
  }

  @Test(
    arguments: [
      "Every", "Every x", "Every 0", "Every 1440", "Every 24 hours", "Every 30 minutes", "Every 30 08:00 12:00 17:00",
      "daily", "08:00,12:00", "25:00", "Every 9223372036854775807 hours", "   ",
    ])
  func `a schedule that IBC would not follow is refused`(text: String) {
    #expect(parse(["SAVE_TWS_SETTINGS": text]).problems.hasError("SAVE_TWS_SETTINGS"))
  }

  @Test(
    arguments: [
      "10.0.0.0/8", "127.0.0.1", "::1", "fc00::/7", "::/0", "0.0.0.0/0", "::ffff:10.0.0.1", "2001:db8::1/128",
      "1:2:3:4:5:6:7:8", "1::8", "10.0.0.0/8, 192.168.0.0/16", "::1 127.0.0.1", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4/96",
      "1::",
    ])
  func `networks and addresses are accepted`(text: String) {
    #expect(parse(["RELAY_ALLOW": text]).problems.about("RELAY_ALLOW").isEmpty)
  }

  @Test(
    arguments: [
      "10.0.0.0/", "10.0.0/8", "10.0.0.256", "010.0.0.1", "10.0.0.0/33", "::/129", "1:2:3:4:5:6:7", "1::2::3", ":::",
      "1:2:3:4:5:6:7:8:9", "12345::", "fe80::1%eth0", "localhost", "/8", "10.0.0.0/8/8", "1:2:3:4:5:6:7::8:9", ":1",
      "1:", "g::", "::1.2.3", "1.2.3.4::", "10.0.0.0/-1", "10.0.0.0/08", ",",
    ])
  func `what is no network is refused`(text: String) {
    #expect(parse(["RELAY_ALLOW": text]).problems.hasError("RELAY_ALLOW"))
  }

  @Test func `an address list is kept in order`() {
    #expect(parse(["RELAY_BIND": "::1, 127.0.0.1"]).settings.relay.bind == ["::1", "127.0.0.1"])
  }

  @Test(arguments: ["Europe/Zurich", "Etc/UTC", "EST5EDT", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
  func `names of time zones are accepted`(text: String) {
    let (settings, problems) = parse(["TIME_ZONE": text].merging(login) { $1 })
    #expect(problems.isEmpty)
    #expect(settings.timeZone == text)
    #expect(settings.processTimeZone == text)
  }

  @Test(arguments: ["Europe/Zu rich", "/etc/localtime", "Europe//Zurich", "Zürich", "a=b"])
  func `what cannot be a time zone is refused`(text: String) {
    #expect(parse(["TIME_ZONE": text]).problems.hasError("TIME_ZONE"))
  }

  @Test func `a display loses its screen`() {
    #expect(parse(["DISPLAY": ":7.0"]).settings.display == ":7")
  }
}
