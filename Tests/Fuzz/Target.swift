import Lifecycle

/// One reader of bytes that this program did not write: what it is fed with, and what has to hold whatever comes.
struct Target: Sendable {
  /// Its name on the command line, and that of its folder in the corpus.
  let name: String
  /// Words of the format, which make a mutation more than noise.
  let words: [String]
  /// Whether an execution takes sockets and files, so that there are thousands of them and not millions.
  var isSlow = false
  /// Reads one input and throws a ``Finding`` where something does not hold. Everything random in it comes from the dice.
  let check: @Sendable (_ input: [UInt8], _ dice: inout Dice) throws -> Void
}

/// Something that does not hold.
struct Finding: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Throws a ``Finding`` unless the condition holds.
func expect(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws(Finding) {
  if !condition { throw Finding(otherwise()) }
}

/// Chance that follows from a seed alone.
struct Dice {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// A number from 0 to one less than `bound`.
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &generator) }

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: generator.next()) }

  mutating func pick<Values: Collection>(_ values: Values) -> Values.Element {
    values[values.index(values.startIndex, offsetBy: below(values.count))]
  }

  /// The bytes cut into pieces, as a network may deliver them: single bytes, a few cuts, or none.
  mutating func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    let longest = pick([1, 2, 7, 64, 4096])
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + 1 + below(longest))
      pieces.append(bytes[start..<end])
      start = end
    }
    return pieces
  }
}
