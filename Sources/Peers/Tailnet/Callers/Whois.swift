import Callers
import FoundationEssentials
import LocalHTTP
import NIOCore

/// What tailscaled says of a connection's other end.
public enum WhoisAnswer: Sendable, Hashable {
  /// A node of the tailnet.
  case peer(Caller.Peer)
  /// It knows of no node there (404). In userspace mode it dials before it notes for whom, so that may be too early.
  case nobody
  /// It said nothing of use; why, as a clause.
  case unanswered(String)
}

extension LocalAPI {
  /// How long one question may take. An unknown address keeps tailscaled waiting for a moment by itself.
  static let whoisTimeout = TimeAmount.seconds(1)

  /// Asks who is at the other end of an accepted TCP connection. `endpoint` is the peer's, as `127.0.0.1:PORT` in userspace mode, where
  /// tailscaled dials for its peers, or `100.x.y.z:PORT` with the kernel's tun. It never fails.
  public func whois(_ endpoint: String) -> EventLoopFuture<WhoisAnswer> {
    request("GET", "whois?proto=tcp&addr=\(endpoint)", timeout: Self.whoisTimeout)
      .map { WhoisAnswer($0) }
      .flatMapErrorThrowing { WhoisAnswer.unanswered(Self.clause(of: $0)) }
  }

  /// Why tailscaled did not answer, as a clause.
  static func clause(of error: any Error) -> String {
    switch error as? HTTPFailure {
    case .notServed(let path): "nothing serves \(path)"
    case .refused(let path): "\(path) does not admit this user"
    case .timedOut: "it did not answer in time"
    case .broken, nil: "it broke off in the middle of its answer"
    }
  }
}

extension WhoisAnswer {
  init(_ response: HTTPResponse) {
    switch response.status {
    case 200:
      guard let whois = try? JSONDecoder().decode(Whois.self, from: Data(response.body)) else {
        self = .unanswered("its answer is not understood")
        return
      }
      self = .peer(whois.peer)
    case 404: self = .nobody
    default: self = .unanswered("it answered with status \(response.status)")
    }
  }
}

/// The parts of the answer that matter, as v1.102 gives them.
private struct Whois: Decodable {
  struct Node: Decodable {
    let name: String
    let addresses: [String]
    let tags: [String]?

    enum CodingKeys: String, CodingKey {
      case name = "Name"
      case addresses = "Addresses"
      case tags = "Tags"
    }
  }

  struct UserProfile: Decodable {
    let loginName: String

    enum CodingKeys: String, CodingKey { case loginName = "LoginName" }
  }

  let node: Node
  let user: UserProfile

  enum CodingKeys: String, CodingKey {
    case node = "Node"
    case user = "UserProfile"
  }

  var peer: Caller.Peer {
    let addresses = node.addresses.map { String($0.prefix { $0 != "/" }) }
    let address = addresses.first { !$0.contains(":") } ?? addresses.first ?? ""
    let name = node.name.hasSuffix(".") ? String(node.name.dropLast()) : node.name
    return Caller.Peer(login: user.loginName, node: name, address: address, tags: node.tags ?? [])
  }
}
