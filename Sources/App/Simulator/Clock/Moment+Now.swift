import Glibc

extension Moment {
  /// The wall clock's time.
  static var now: Moment {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Moment(milliseconds: time.tv_sec * 1_000 + time.tv_nsec / 1_000_000)
  }
}
