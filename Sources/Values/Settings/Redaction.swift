/// Masks secrets in bytes that are about to be logged, shown or written.
///
/// It knows each secret as it is and as a child may spell it: escaped for Java's Properties, for JSON, or for a URL. Masking
/// takes one pass that looks at a table of first bytes; with no secret it takes none. Matches that overlap are masked as one,
/// so that no end of either is left.
public struct Redaction: Sendable {
  /// Secrets of fewer bytes are let be: masking them would blank ordinary words and numbers.
  public static let shortest = 4
  /// What stands in a secret's place.
  public static let mask: [UInt8] = Array("***".utf8)

  /// The longest first.
  private let patterns: [[UInt8]]
  /// For each byte, whether a pattern begins with it.
  private let begins: [Bool]

  /// Prepares to mask the given secrets. Empty and short ones are left out.
  public init(secrets: [String]) {
    var all: Set<[UInt8]> = []
    for secret in secrets where secret.utf8.count >= Self.shortest {
      for spelling in Self.spellings(of: secret) { all.insert(spelling) }
    }
    self.init(patterns: all)
  }

  /// Masks what either masks.
  public func union(_ other: Redaction) -> Redaction { Redaction(patterns: Set(patterns).union(other.patterns)) }

  private init(patterns all: Set<[UInt8]>) {
    patterns = all.sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count > $1.count }
    var table = [Bool](repeating: false, count: 256)
    for pattern in patterns { table[Int(pattern[0])] = true }
    begins = table
  }

  /// Whether there is nothing to mask.
  public var isEmpty: Bool { patterns.isEmpty }

  /// Replaces every secret in the bytes.
  public func mask(_ bytes: inout [UInt8]) {
    guard !patterns.isEmpty else { return }
    let found = matches(in: bytes)
    guard !found.isEmpty else { return }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = 0
    for range in found {
      result += bytes[position..<range.lowerBound]
      result += Self.mask
      position = range.upperBound
    }
    result += bytes[position...]
    bytes = result
  }

  /// The text with every secret replaced.
  public func masked(_ text: String) -> String {
    guard !patterns.isEmpty else { return text }
    var bytes = Array(text.utf8)
    mask(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Where secrets stand, in order and apart from each other.
  private func matches(in bytes: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { bytes in
      begins.withUnsafeBufferPointer { begins in
        for start in bytes.indices where begins[Int(bytes[start])] {
          guard let length = longestMatch(in: bytes[start...]) else { continue }
          let end = start + length
          if let last = found.last, start < last.upperBound {
            found[found.count - 1] = last.lowerBound..<max(last.upperBound, end)
          } else {
            found.append(start..<end)
          }
        }
      }
    }
    return found
  }

  private func longestMatch(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
    patterns.first { bytes.starts(with: $0) }?.count
  }
}
