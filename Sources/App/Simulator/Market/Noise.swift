/// Random numbers that depend on nothing but what they are asked for, so that any of them can be had at any time.
struct Noise: Sendable {
  private let seed: UInt64

  /// - Parameters:
  ///   - seed: the simulation's seed.
  ///   - name: what the numbers are for.
  init(seed: UInt64, name: String) {
    self.seed = name.utf8.reduce(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)) { Self.mix($0 ^ UInt64($1)) }
  }

  /// A number of 64 random bits for a place on a level.
  func bits(_ level: Int, _ index: Int) -> UInt64 {
    Self.mix(Self.mix(seed &+ UInt64(bitPattern: Int64(index))) ^ (UInt64(level) << 56))
  }

  /// A number from -1 up to 1 for a place on a level.
  func symmetric(_ level: Int, _ index: Int) -> Double {
    Double(Int64(bitPattern: bits(level, index)) >> 11) / 4_503_599_627_370_496
  }

  /// Every bit of the result depends on every bit of `value` (the finaliser of SplitMix64).
  private static func mix(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
