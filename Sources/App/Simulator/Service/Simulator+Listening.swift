import NIOCore
import NIOPosix
import TWSProtocol

/// From a start or restart to an open port, and who is let in.
extension Simulator {
  func beginRun() {
    run += 1
    isLoggingIn = true
    let delay = (faults[.loginDelay] ?? 0) * 1_000
    guard configuration.impersonatesIBC else {
      guard delay > 0 else { return completeLogin() }
      report("the login takes \(delay / 1_000) s; the port opens after it")
      return later(delay) { [self] in completeLogin() }
    }
    sayAsIBC("Starting Gateway")
    later(100) { [self] in sayAsIBC("detected frame entitled: IBKR Gateway; event=Opened") }
    later(200) { [self] in sayAsIBC("Login attempt: 1") }
    later(500 + delay) { [self] in completeLogin() }
  }

  func completeLogin() {
    isLoggingIn = false
    if configuration.impersonatesIBC {
      let remark = configuration.mode == .paper ? " (Simulated Trading)" : ""
      sayAsIBC("Login has completed")
      sayAsIBC("detected frame entitled: \(configuration.account) IBKR Gateway\(remark); event=Opened")
      sayAsIBC("Configuration tasks completed")
    }
    listen()
  }

  /// Closes everything, and begins anew later. Orders and positions are the brokerage's and outlive it.
  func restart(seconds: Int) {
    run += 1
    isLoggingIn = false
    report("restarting: the port is closed for \(seconds) s")
    closeAll([listener]) { [self] in
      guard configuration.impersonatesIBC else { return }
      report("IBC returned exit status 0")
      report("autorestart file found at ./autorestart: authentication will not be required")
      report("IBC will restart shortly")
    }
    listener = nil
    later(seconds * 1_000) { [self] in beginRun() }
  }

  private func sayAsIBC(_ text: String) {
    let now = Moment.now
    let date = now.dateText
    let day = date.prefix(4) + "-" + date.dropFirst(4).prefix(2) + "-" + date.dropFirst(6)
    let fraction = String(1_000 + now.milliseconds % 1_000).dropFirst()
    report("\(day) \(now.timeText):\(fraction) IBC: \(text)")
  }

  private func listen() {
    let address: SocketAddress
    do {
      address = try SocketAddress(ipAddress: configuration.address, port: port)
    } catch {
      return fail("cannot listen on \(place): it is no numeric address; use 127.0.0.1, or 0.0.0.0 for all interfaces")
    }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let run = run
    ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 50)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ClientConnection(bound.value))
        }
      }
      .bind(to: address).assumeIsolated()
      .whenComplete { [self] result in
        switch result {
        case .success(let channel):
          guard run == self.run else { return channel.close(promise: nil) }
          opened(channel)
        case .failure(let error):
          guard run == self.run else { return }
          fail("cannot listen on \(place): \(Self.reason(error))")
        }
      }
  }

  private func opened(_ channel: any Channel) {
    listener = channel
    port = channel.localAddress?.port ?? port
    if faults[.stopAccepting] != nil { setReading(channel, false) }
    let kind = configuration.mode == .paper ? "paper" : "live"
    report("listening on \(place) as \(kind) account \(configuration.account), seed \(configuration.seed)")
  }

  static func reason(_ error: any Error) -> String {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE: "the port is in use; end what listens there, or choose another with --port"
    case EADDRNOTAVAIL: "this machine has no such address; use one of its own, or 127.0.0.1"
    case EACCES: "it is not allowed; choose a port above 1023 with --port"
    default: "\(error)"
    }
  }

  /// Whether a new connection may stay. One that may not is closed without a word.
  func admits() -> Bool { !isStopping && faults[.closeNew] == nil }

  func setReading(_ channel: any Channel, _ reads: Bool) {
    _ = channel.setOption(.autoRead, value: reads)
  }

  /// Serves a client that has said its startApi, if there is room and its id is free.
  ///
  /// - Returns: nil where it is served; otherwise why not, and what to send before closing.
  func refusal(clientID: Int, version: Int) -> (reason: String, frame: [UInt8])? {
    let served = connections.values.compactMap(\.session)
    if served.contains(where: { $0.clientID == clientID }) {
      let error = APIError(
        code: APIError.clientIDInUse,
        text: "Unable to connect as the client id is already in use. Retry with a unique client id.")
      return ("its client id \(clientID) is in use", error.frame(version: version))
    }
    return served.count < Self.mostClients ? nil : ("\(Self.mostClients) clients are the most", [])
  }
}
