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

  /// What a status tells of them; nil for one that does not say who routes.
  public init?(_ status: NodeStatus) {
    guard let tun = status.tun else { return nil }
    let suffix = status.suffix ?? ""
    self.init(usesKernel: tun, addresses: status.addresses ?? [], suffix: suffix.isEmpty ? nil : suffix)
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
    // A change of the node itself is told to every watcher; what it is, the status says.
    api.watch { [weak self] _ in self?.ask() }.whenComplete { _ in bound.value.startLater() }
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
    api.status(peers: false).whenComplete { result in
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
