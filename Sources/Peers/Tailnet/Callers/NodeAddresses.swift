import FoundationEssentials
import LocalHTTP
import NIOCore

/// Where a node's peers reach this machine, as tailscaled's status tells it.
public struct NodeAddresses: Sendable, Hashable {
  /// Whether the kernel routes for it, by a tun device; else tailscaled dials 127.0.0.1 for its peers.
  public let usesKernel: Bool
  /// The node's own addresses; empty while it has none.
  public let addresses: [String]
  /// What the names of the tailnet's nodes end with, such as `tail1234.ts.net`; nil while that is unknown.
  public let suffix: String?

  /// Addresses of their parts.
  public init(usesKernel: Bool, addresses: [String], suffix: String?) {
    self.usesKernel = usesKernel
    self.addresses = addresses
    self.suffix = suffix
  }

  /// Reads an answer to `status`; nil for anything else.
  public init?(_ response: HTTPResponse) {
    guard response.status == 200, let status = try? JSONDecoder().decode(Status.self, from: Data(response.body)) else {
      return nil
    }
    let suffix = status.suffix ?? ""
    self.init(usesKernel: status.tun, addresses: status.addresses ?? [], suffix: suffix.isEmpty ? nil : suffix)
  }

  private struct Status: Decodable {
    let tun: Bool
    let addresses: [String]?
    let suffix: String?

    enum CodingKeys: String, CodingKey {
      case tun = "TUN"
      case addresses = "TailscaleIPs"
      case suffix = "MagicDNSSuffix"
    }
  }
}

/// Follows a node's addresses for as long as the process lives, through every restart of tailscaled. Owned by `loop`.
public final class AddressWatch {
  private let api: LocalAPI
  private let loop: any EventLoop
  private let onChange: (NodeAddresses) -> Void
  private var last: NodeAddresses?
  private var isAsking = false
  private var asksAgain = false
  private var tries = 0
  private var isStopped = false

  /// State changes, and nothing of the whole network: a change of the node itself is told in any case.
  private static let mask = 2 | 8192
  private static let shortestPause: Int64 = 100
  private static let longestPause: Int64 = 2000

  /// A watch that begins with ``start()``; `onChange` is told on the loop, the first time and at each change.
  public init(_ api: LocalAPI, on loop: any EventLoop, onChange: @escaping (NodeAddresses) -> Void) {
    self.api = api
    self.loop = loop
    self.onChange = onChange
  }

  /// Begins, and begins again whenever tailscaled ends the conversation.
  public func start() {
    guard !isStopped else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    api.stream("watch-ipn-bus?mask=\(Self.mask)") { bound.value.ask() }
      .whenComplete { _ in bound.value.startLater() }
  }

  /// Ends it.
  public func stop() { isStopped = true }

  private func startLater() {
    let pause = min(Self.longestPause, Self.shortestPause << min(tries, 8))
    tries += 1
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: .milliseconds(pause)) { bound.value.start() }
  }

  /// Asks for the status; what is announced meanwhile is asked for afterwards, once.
  private func ask() {
    guard !isStopped, !isAsking else {
      asksAgain = isAsking
      return
    }
    isAsking = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    api.request("GET", "status?peers=false").whenComplete { result in
      bound.value.answered((try? result.get()).flatMap { NodeAddresses($0) })
    }
  }

  private func answered(_ addresses: NodeAddresses?) {
    isAsking = false
    if let addresses {
      tries = 0
      if addresses != last {
        last = addresses
        onChange(addresses)
      }
    }
    guard asksAgain else { return }
    asksAgain = false
    ask()
  }
}
