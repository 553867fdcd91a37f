import FoundationEssentials

/// One line of `GET watch-ipn-bus`. Every field may be missing or null; each line tells only what has changed.
public struct BusMessage: Decodable, Sendable, Equatable {
  /// What to be told: 2 states, 128 health, 8192 without the map of the network.
  public static let mask = 2 | 128 | 8192

  /// Why a login has failed, in the control server's words.
  public var error: String?
  /// The state by its number.
  public var state: Int?
  /// Where a person can add the node.
  public var url: String?

  private enum CodingKeys: String, CodingKey {
    case error = "ErrMessage"
    case state = "State"
    case url = "BrowseToURL"
  }

  /// The message in a line; nil where it is none.
  public init?(_ line: [UInt8]) {
    guard let message = try? JSONDecoder().decode(BusMessage.self, from: Data(line)) else { return nil }
    self = message
  }
}

/// Cuts a stream into its lines, whatever pieces it comes in.
public struct LineStream: Sendable {
  /// The longest line that is kept; a longer one is passed over.
  static let limit = 4 << 20

  private var rest: [UInt8] = []
  /// How much of the rest is known to hold no end: a long line that comes in many pieces is searched once.
  private var searched = 0
  private var isSkipping = false

  /// A stream of which nothing has come yet.
  public init() {}

  /// Takes a piece and returns the lines that end in it, without their ends; empty ones are left out.
  public mutating func take(_ piece: some Sequence<UInt8>) -> [[UInt8]] {
    rest += piece
    var lines: [[UInt8]] = []
    var start = 0
    while let end = rest[max(start, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
      if !isSkipping, end > start { lines.append(Array(rest[start..<end])) }
      isSkipping = false
      start = end + 1
    }
    rest.removeFirst(start)
    if rest.count > Self.limit {
      rest = []
      isSkipping = true
    }
    searched = rest.count
    return lines
  }
}
