import Lifecycle

/// Chance that follows from a seed alone.
struct Dice {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func seed() -> UInt64 { generator.next() }

  mutating func below(_ bound: Int64) -> Int64 { Int64(generator.next() % UInt64(max(1, bound))) }

  mutating func chance(_ percent: Int64) -> Bool { below(100) < percent }

  mutating func pick<Value>(_ values: [Value]) -> Value { values[Int(below(Int64(values.count)))] }

  /// A time from 1 ms to about `longest`, short ones as likely as long ones.
  mutating func sometime(_ longest: Int64) -> Int64 { 1 + below(1 + longest >> below(10)) }
}
