/// Makes inputs out of a corpus: real shapes with something wrong in them.
struct Mutation {
  let corpus: [[UInt8]]
  let words: [[UInt8]]

  /// Inputs are cut to this length, in bytes. A few are let grow further, to meet the limits of buffers.
  private static let usualLength = 4096
  private static let greatLength = 300_000
  private static let numbers = [
    "0", "-1", "1", "+5", "00", "127", "128", "255", "256", "4095", "4096", "65535", "65536", "99999", "2147483647",
    "2147483648", "-2147483648", "4294967295", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "18446744073709551616", "1e308", "1e999", "-0.0", "0.1", "NaN", "-9.223372036854776E18",
  ].map { Array($0.utf8) }
  private static let bytes: [UInt8] = [
    0, 1, 9, 10, 13, 32, 34, 36, 37, 47, 58, 61, 92, 123, 125, 127, 128, 0xC3, 0xED, 0xEF, 0xF4, 0xFE, 0xFF,
  ]

  /// The input of one execution.
  func input(_ dice: inout Dice) -> [UInt8] {
    if dice.chance(3) { return (0..<dice.below(200)).map { _ in dice.byte() } }
    var input = corpus.isEmpty ? [] : dice.pick(corpus)
    if dice.chance(4) { return input }
    for _ in 0..<(1 + dice.below(dice.pick([1, 3, 12]))) { change(&input, &dice) }
    let longest = dice.chance(2) ? Self.greatLength : Self.usualLength
    if longest == Self.greatLength && !input.isEmpty { stretch(&input, to: dice.below(longest), &dice) }
    return Array(input.prefix(longest))
  }

  private func change(_ input: inout [UInt8], _ dice: inout Dice) {
    let place = dice.below(input.count + 1)
    let range = place..<min(input.count, place + 1 + dice.below(dice.pick([2, 8, 64])))
    switch dice.below(11) {
    case 0 where place < input.count: input[place] ^= 1 << UInt8(dice.below(8))
    case 1 where place < input.count: input[place] = dice.pick(Self.bytes)
    case 2: input.insert(dice.chance(70) ? dice.pick(Self.bytes) : dice.byte(), at: place)
    case 3 where !range.isEmpty: input.removeSubrange(range)
    case 4 where !range.isEmpty: input.insert(contentsOf: input[range], at: dice.below(input.count + 1))
    case 5,
      6 where !words.isEmpty:
      input.insert(contentsOf: dice.pick(words), at: place)
    case 7: replaceNumber(&input, &dice)
    case 8 where !corpus.isEmpty:
      let other = dice.pick(corpus)
      input = Array(input.prefix(place)) + other.suffix(dice.below(other.count + 1))
    case 9 where dice.chance(30): input.removeSubrange(place...)
    case 10: input.insert(contentsOf: length(&dice), at: place)
    default: if !words.isEmpty { input.replaceSubrange(range, with: dice.pick(words)) }
    }
  }

  /// A number in the text becomes one at an edge.
  private func replaceNumber(_ input: inout [UInt8], _ dice: inout Dice) {
    let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
    let starts = input.indices.filter { isDigit(input[$0]) && ($0 == 0 || !isDigit(input[$0 - 1])) }
    guard !starts.isEmpty else { return }
    let start = dice.pick(starts)
    let end = input[start...].firstIndex { !isDigit($0) } ?? input.endIndex
    input.replaceSubrange(start..<end, with: dice.pick(Self.numbers))
  }

  /// A length of four bytes, as it stands before a frame.
  private func length(_ dice: inout Dice) -> [UInt8] {
    let value = UInt32(truncatingIfNeeded: dice.pick([0, 1, 3, 9, 64, 255, 256, 4096, 0xFF_FFFF, 0x100_0000, 1 << 31]))
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private func stretch(_ input: inout [UInt8], to length: Int, _ dice: inout Dice) {
    let piece = dice.chance(50) ? [dice.pick(input)] : Array(input.prefix(256))
    let place = dice.below(input.count + 1)
    let count = max(0, length - input.count) / piece.count
    input.insert(contentsOf: repeatElement(piece, count: count).joined(), at: place)
  }
}
