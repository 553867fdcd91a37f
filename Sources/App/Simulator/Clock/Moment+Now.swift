import Clocks

extension Moment {
  /// The wall clock's time.
  static var now: Moment { Moment(milliseconds: Int(SystemClock.wall)) }
}
