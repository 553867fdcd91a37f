import CLinux

/// The kernel's clocks.
public enum SystemClock {
  /// Milliseconds of the clock that never jumps (CLOCK_MONOTONIC).
  public static var uptime: Int64 { Int64(uptimeNanoseconds / 1_000_000) }

  /// Nanoseconds of the clock that never jumps.
  public static var uptimeNanoseconds: UInt64 { clinux_monotonic_nanoseconds() }

  /// Milliseconds since 1970, by the clock that anybody may set (CLOCK_REALTIME).
  public static var wall: Int64 { Int64(clinux_wall_nanoseconds() / 1_000_000) }
}
