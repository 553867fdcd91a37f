/// The serve config of a user's file: what `tailscale serve` would set, as JSON, with the node's own name put in.
public struct ServeConfig: Sendable, Equatable {
  /// What stands in the file for the node's name, as in Tailscale's own container.
  static let placeholder = "${TS_CERT_DOMAIN}"

  /// The body of `POST serve-config`.
  public let body: [UInt8]

  /// Why a file is none.
  public struct Refusal: Error, Sendable, Equatable {
    /// The reason, as a clause.
    public let why: String
  }

  /// The config in a file's text, for a node that can have certificates for `domains`.
  public init(_ text: String, domains: [String]) throws(Refusal) {
    let parts = Self.split(text)
    if parts.count > 1, domains.isEmpty {
      throw Refusal(
        why: "it names \(Self.placeholder), and the node has no domain; enable HTTPS certificates for the tailnet")
    }
    let bytes = Array(parts.joined(separator: domains.first ?? "").utf8)
    guard case .object(let members)? = JSON(bytes) else { throw Refusal(why: "it is no JSON object") }
    let known = ["TCP", "Web", "Services", "AllowFunnel", "Foreground", "ETag"]
    if let stranger = members.keys.sorted().first(where: { !known.contains($0) }) {
      throw Refusal(why: "it has \"\(stranger)\", which is no part of a serve config")
    }
    body = bytes
  }

  private static func split(_ text: String) -> [String] {
    var parts: [String] = []
    var rest = Substring(text)
    while let start = rest.range(of: placeholder) {
      parts.append(String(rest[..<start.lowerBound]))
      rest = rest[start.upperBound...]
    }
    return parts + [String(rest)]
  }
}
