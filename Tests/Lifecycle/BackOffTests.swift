import Testing

@testable import Lifecycle

@Suite struct BackOffTests {
  private static let plans = [
    BackOff(initial: 500, maximum: 60_000, resetAfter: 60_000), BackOff(initial: 1, maximum: 1, resetAfter: 1),
    BackOff(initial: 0, maximum: 5000, resetAfter: 1), BackOff(initial: 86_400_000, maximum: .max, resetAfter: 1),
    BackOff(initial: 7, maximum: 3, resetAfter: 1),
  ]

  @Test(arguments: plans) func `a wait never shrinks and never passes the maximum, however often it fails`(
    backOff: BackOff
  ) {
    for seed in 1...50 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      var previous: Int64 = 0
      for failures in 1...100 {
        let delay = backOff.delay(failures: failures, previous: previous, random: &random)
        #expect(delay >= previous && delay <= backOff.maximum)
        previous = delay
      }
      #expect(backOff.maximum == .max || previous == backOff.maximum)
    }
  }

  @Test func `services that fall together do not rise together`() {
    let backOff = BackOff(initial: 1000, maximum: 60_000, resetAfter: 60_000)
    let delays = (1...100 as ClosedRange<UInt64>).map { seed in
      var random = SeededGenerator(seed: seed)
      return backOff.delay(failures: 4, previous: 0, random: &random)
    }
    #expect(Set(delays).count > 50)
    #expect(delays.allSatisfy { $0 >= 8000 && $0 <= 9600 })
  }

  @Test func `the same seed gives the same waits`() {
    var first = SeededGenerator(seed: 42)
    var second = SeededGenerator(seed: 42)
    #expect((0..<10).map { _ in first.next() } == (0..<10).map { _ in second.next() })
  }

  /// SplitMix64's published reference: the first outputs for the seed 1234567.
  @Test func `the generator is SplitMix64`() {
    var random = SeededGenerator(seed: 1_234_567)
    let reference: [UInt64] = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    #expect((0..<3).map { _ in random.next() } == reference)
  }
}
