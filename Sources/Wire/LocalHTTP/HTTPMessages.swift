/// One request as a handler sees it, its body read whole.
public struct HTTPRequest: Sendable {
  /// The method's name in capitals, such as `GET`.
  public var method: String
  /// The path without its query, as it was sent.
  public var path: String
  /// The query's pairs, percent-decoded. A name that comes twice keeps its last value.
  public var query: [String: String]
  /// The headers by their names in small letters; one that comes several times is joined by commas.
  public var headers: [String: String]
  /// The body, at most ``LocalHTTPServer/bodyLimit`` bytes.
  public var body: [UInt8]

  /// A request for `target`, which may carry a query.
  public init(method: String, target: String, headers: [String: String] = [:], body: [UInt8] = []) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.method = method
    self.path = String(parts[0])
    self.query = parts.count > 1 ? Self.pairs(of: parts[1]) : [:]
    self.headers = headers
    self.body = body
  }

  private static func pairs(of text: Substring) -> [String: String] {
    var pairs: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs[percentDecoded(sides[0])] = sides.count > 1 ? percentDecoded(sides[1]) : ""
    }
    return pairs
  }

  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      // A sign would pass for a digit.
      if byte == UInt8(ascii: "%"), rest.count >= 2, rest.first != UInt8(ascii: "+"), rest.first != UInt8(ascii: "-"),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One whole answer.
public struct HTTPResponse: Sendable {
  /// The status code, such as 200.
  public var status: Int
  /// The value of `Content-Type`.
  public var contentType: String
  /// The body.
  public var body: [UInt8]

  /// An answer with a body of bytes.
  public init(status: Int, contentType: String = "application/json", body: [UInt8]) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }

  /// An answer of plain text, a line feed at its end.
  public static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
  }
}

/// Why a request got no answer.
public enum HTTPFailure: Error, Sendable, Equatable {
  /// Nothing serves the socket: its file is missing or nobody accepts on it.
  case notServed(path: String)
  /// The socket's owner admits only its own user and root.
  case refused(path: String)
  /// No whole answer within the time allowed.
  case timedOut(path: String)
  /// The peer closed in the middle, or what it sent was not HTTP.
  case broken(path: String)
}
