/// How long to wait before a service is started again after it has failed.
///
/// The n-th failure in a row waits `initial` x 2^(n-1), at most `maximum`, stretched by up to a fifth at random so that services that
/// fell together do not rise together. A delay is never shorter than the one before it, until the service has run for `resetAfter`.
public struct BackOff: Sendable, Hashable, Codable {
  /// The wait after the first failure, in milliseconds. Zero: at once, and from the second failure on as if it were 100 ms.
  public var initial: Int64
  /// The longest wait, in milliseconds.
  public var maximum: Int64
  /// How long the service has to run, in milliseconds, before its failures are forgotten.
  public var resetAfter: Int64

  /// A back-off, in milliseconds.
  public init(initial: Int64, maximum: Int64, resetAfter: Int64) {
    self.initial = initial
    self.maximum = maximum
    self.resetAfter = resetAfter
  }

  /// The wait after `failures` (at least 1) failures in a row, where the last wait was `previous` milliseconds.
  func delay(failures: Int, previous: Int64, random: inout SeededGenerator) -> Int64 {
    if initial == 0 && failures == 1 { return 0 }
    let first = initial == 0 ? 100 : initial
    let doublings = min(failures - (initial == 0 ? 2 : 1), 30)
    let exact = min(maximum, first << Int64(max(0, doublings)))
    let stretched = min(maximum, exact + random.below(exact / 5 + 1))
    return max(previous, stretched)
  }
}

/// A small seeded generator (SplitMix64). It is part of the state, so that a run can be replayed from its seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  private var state: UInt64

  /// A generator whose sequence depends on `seed` alone.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int64) -> Int64 { Int64.random(in: 0..<max(1, bound), using: &self) }
}
