/// The first words of an API client: `API\0`, then a frame like `v157..178` or `v157..178 +PACEAPI`.
public struct ClientHello: Equatable, Sendable {
  /// The longest body of the hello's frame that is accepted, in bytes.
  public static let maximumLength = 255

  /// The API versions that the client can speak.
  public var versions: ClosedRange<Int>
  /// What stands behind the versions, without the space; empty for nearly every client.
  public var options: String

  /// - Parameters:
  ///   - versions: the API versions that the client can speak. Up to `ServerVersion.lastText` no message is protobuf.
  ///   - options: connect options, `+PACEAPI` for one.
  public init(versions: ClosedRange<Int>, options: String = "") {
    self.versions = versions
    self.options = options
  }

  /// What the client sends, byte for byte.
  public var bytes: [UInt8] {
    var text = "v\(versions.lowerBound)..\(versions.upperBound)"
    if !options.isEmpty { text += " " + options }
    return Array("API\0".utf8) + Frame.encode(Array(text.utf8))
  }

  /// Looks at the beginning of a client's bytes.
  ///
  /// - Returns: `.hello` with the number of bytes that the hello takes; what follows them are frames.
  public static func parse(_ bytes: some Sequence<UInt8>) -> (result: HelloParser.Progress, length: Int) {
    var parser = HelloParser()
    var length = 0
    for byte in bytes {
      length += 1
      let progress = parser.push(byte)
      guard case .needsMore = progress else { return (progress, length) }
    }
    return (.needsMore, length)
  }
}

/// Why a client's first bytes are no API hello.
public enum HelloError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The connection does not begin with `API\0`: another protocol, a port scanner, or a client older than API 9.72.
  case notTheAPI
  /// The hello's frame announces this many bytes.
  case length(Int)
  /// The hello's frame does not hold `vMIN..MAX` or `vVERSION`.
  case versions

  /// One sentence for a log. It repeats nothing that the client sent.
  public var description: String {
    switch self {
    case .notTheAPI:
      "cannot serve the connection: it does not begin as the API does; connect with an API client of 9.72 or later"
    case .length(let length):
      "cannot serve the connection: its hello of \(length) bytes is no API hello; connect with an API client"
    case .versions:
      "cannot serve the connection: its hello names no range of API versions; connect with an API client"
    }
  }
}
