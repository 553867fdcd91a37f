/// Reads a client's hello byte by byte, so that it can be read in passing and in any pieces. It never holds more than the
/// hello's options, `ClientHello.maximumLength` bytes at most.
public struct HelloParser: Sendable {
  /// What the bytes so far amount to.
  public enum Progress: Equatable, Sendable {
    /// All right so far, and not at its end.
    case needsMore
    /// The hello is complete; the next byte belongs to the client's first frame.
    case hello(ClientHello)
    /// No API client speaks like this.
    case rejected(HelloError)
  }

  private enum Place {
    case magic(Int)
    case length(Int)
    case letter
    case minimum
    case secondDot
    case maximum
    case options
  }

  private static let magic: StaticString = "API\0"
  private static let largestVersion = 99_999

  private var place = Place.magic(0)
  private var remaining = 0
  private var minimum = 0
  private var maximum: Int?
  private var options: [UInt8] = []

  /// A parser before the first byte of a connection.
  public init() {}

  /// Takes one byte. After `.hello` or `.rejected` the parser has done its work and takes no more.
  public mutating func push(_ byte: UInt8) -> Progress {
    switch place {
    case .magic(let index):
      guard byte == Self.magic.utf8Start[index] else { return .rejected(.notTheAPI) }
      place = index == 3 ? .length(0) : .magic(index + 1)
      return .needsMore
    case .length(let index):
      remaining = remaining << 8 | Int(byte)
      place = index == 3 ? .letter : .length(index + 1)
      guard index == 3 else { return .needsMore }
      return (1...ClientHello.maximumLength).contains(remaining) ? .needsMore : .rejected(.length(remaining))
    default:
      remaining -= 1
      guard take(byte) else { return .rejected(.versions) }
      return remaining == 0 ? finish() : .needsMore
    }
  }

  /// One byte of the frame's body; false where it cannot stand there.
  private mutating func take(_ byte: UInt8) -> Bool {
    switch (place, byte) {
    case (.letter, UInt8(ascii: "v")):
      place = .minimum
    case (.minimum, UInt8(ascii: "0")...UInt8(ascii: "9")):
      minimum = minimum * 10 + Int(byte - UInt8(ascii: "0"))
      return minimum <= Self.largestVersion
    case (.minimum, UInt8(ascii: ".")):
      place = .secondDot
    case (.secondDot, UInt8(ascii: ".")):
      place = .maximum
      maximum = 0
    case (.maximum, UInt8(ascii: "0")...UInt8(ascii: "9")):
      let next = (maximum ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
      maximum = next
      return next <= Self.largestVersion
    case (.minimum, UInt8(ascii: " ")), (.maximum, UInt8(ascii: " ")):
      place = .options
    case (.options, _):
      options.append(byte)
    default:
      return false
    }
    return true
  }

  private func finish() -> Progress {
    let upper = maximum ?? minimum
    switch place {
    case .minimum, .maximum, .options:
      guard minimum > 0, upper >= minimum else { return .rejected(.versions) }
      return .hello(ClientHello(versions: minimum...upper, options: String(decoding: options, as: UTF8.self)))
    default:
      return .rejected(.versions)
    }
  }
}
