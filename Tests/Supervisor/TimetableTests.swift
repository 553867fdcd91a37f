import Glibc
import Testing

@testable import Supervisor

/// In one zone for all, since the C library's is the process's.
@Suite(.serialized) struct TimetableTests {
  private static let hour: Int64 = 3_600_000
  /// Saturday 21 November 2026, 12:00 in New York, which is five hours behind until March.
  private static let noon: Int64 = 1_795_280_400_000

  init() {
    setenv("TZ", "America/New_York", 1)
    tzset()
  }

  private func next(_ minute: Int, isWeekly: Bool = false, after wall: Int64) -> Int64? {
    let entry = Timetable.Entry(name: "auto-restart", meaning: "", minute: minute, isWeekly: isWeekly)
    return Timetable([entry]).nextEvents(after: wall).first?.within
  }

  @Test func `what happens every day is today's or tomorrow's`() {
    #expect(next(23 * 60 + 45, after: Self.noon) == 11 * Self.hour + 2_700_000)
    #expect(next(11 * 60, after: Self.noon) == 23 * Self.hour)
    #expect(next(12 * 60, after: Self.noon) == 24 * Self.hour)
  }

  @Test func `what happens on Sundays is next Sunday's`() {
    #expect(next(7 * 60, isWeekly: true, after: Self.noon) == 19 * Self.hour)
    #expect(next(7 * 60, isWeekly: true, after: Self.noon + 19 * Self.hour) == 7 * 24 * Self.hour)
  }

  @Test func `a day that the clocks make shorter is an hour shorter`() {
    // Saturday 13 March 2027, noon; at 02:00 of the next day it is 03:00.
    let before: Int64 = 1_804_957_200_000
    #expect(next(11 * 60, after: before) == 22 * Self.hour)
  }
}
