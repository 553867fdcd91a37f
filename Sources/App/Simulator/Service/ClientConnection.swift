import NIOCore
import TWSProtocol

/// One client's connection: it takes the handshake, then hands frames to the session and transports what the session answers.
final class ClientConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Stage {
    case hello(HelloParser)
    case greeted(version: Int)
    /// startApi has come while the gateway was stuck.
    case waiting(version: Int, clientID: Int)
    case serving(Session)
    /// Nothing will ever be answered.
    case deaf
  }

  private let simulator: Simulator
  private var stage = Stage.hello(HelloParser())
  private var decoder = FrameDecoder()
  private var context: ChannelHandlerContext?
  private var peer = "an unknown address"
  private var since = Moment.now

  init(_ simulator: Simulator) {
    self.simulator = simulator
  }

  var channel: (any Channel)? { context?.channel }

  var session: Session? {
    if case .serving(let session) = stage { session } else { nil }
  }

  /// Whether the client reads fast enough for one more piece of a stream. What it misses is replaced by what comes next.
  var takesStreams: Bool { session != nil && channel?.isWritable == true }

  func channelActive(context: ChannelHandlerContext) {
    guard simulator.admits() else { return context.close(promise: nil) }
    self.context = context
    if let address = context.remoteAddress, let host = address.ipAddress, let port = address.port {
      peer = address.protocol == .inet6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
    if simulator.faults[.hangNew] != nil { stage = .deaf }
    simulator.connections[ObjectIdentifier(self)] = self
    applyReading()
  }

  func channelInactive(context: ChannelHandlerContext) {
    simulator.connections[ObjectIdentifier(self)] = nil
    self.context = nil
    if let session {
      let seconds = (Moment.now.milliseconds - since.milliseconds) / 1_000
      simulator.report("client \(session.clientID) disconnected after \(seconds) s")
    }
    stage = .deaf
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    while case .hello(var parser) = stage, let byte = bytes.readInteger(as: UInt8.self) {
      let progress = parser.push(byte)
      stage = .hello(parser)
      switch progress {
      case .needsMore: break
      case .hello(let hello): greet(hello)
      case .rejected(let error): return refuse("\(error)")
      }
    }
    if case .deaf = stage { return }
    decoder.append(bytes.readableBytesView)
    do {
      while let body = try decoder.next() { take(body) }
    } catch {
      refuse("\(error)")
    }
    simulator.keepTicking()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    applyReading()
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// A client is read as long as it takes its answers, so that it cannot make them pile up here.
  func applyReading() {
    guard let channel else { return }
    simulator.setReading(channel, simulator.faults[.stopReading] == nil && channel.isWritable)
  }

  /// Lets the session say something, and transports it.
  func send(_ say: (inout Session, inout Outbox) -> Void) {
    guard case .serving(var session) = stage else { return }
    var out = Outbox(version: session.version)
    say(&session, &out)
    stage = .serving(session)
    write(out.bytes)
  }

  /// Serves a client that has been kept waiting.
  func finishStart() {
    if case .waiting(let version, let clientID) = stage { start(clientID: clientID, version: version) }
  }

  private func greet(_ hello: ClientHello) {
    guard simulator.faults[.mute] == nil else { return stage = .deaf }
    guard let version = ServerVersion.negotiate(client: hello.versions, server: Simulator.versions) else {
      let ours = "\(Simulator.versions.lowerBound) to \(Simulator.versions.upperBound)"
      let theirs = "\(hello.versions.lowerBound) to \(hello.versions.upperBound)"
      return refuse("it speaks the API versions \(theirs), and only \(ours) are simulated")
    }
    let now = Moment.now
    stage = .greeted(version: version)
    write(ServerGreeting(version: version, connectionTime: "\(now.dateText) \(now.timeText) UTC").frame)
  }

  private func take(_ body: [UInt8]) {
    guard simulator.faults[.mute] == nil else {
      if case .greeted = stage { stage = .deaf }
      return
    }
    switch stage {
    case .greeted(let version):
      var reader = FieldReader(body)
      guard (try? reader.integer()) == RequestKind.startApi.rawValue, let start = try? StartAPI(&reader) else {
        return refuse("its first message is no startApi")
      }
      if simulator.faults[.stuck] != nil {
        stage = .waiting(version: version, clientID: start.clientID)
      } else {
        self.start(clientID: start.clientID, version: version)
      }
    case .serving:
      guard simulator.faults[.stuck] == nil else { return }
      var events: [Brokerage.Event] = []
      send { session, out in events = session.receive(body, at: .now, &simulator.gateway, &out) }
      simulator.deliver(events)
    case .hello, .waiting, .deaf:
      break
    }
  }

  private func start(clientID: Int, version: Int) {
    if let (reason, frame) = simulator.refusal(clientID: clientID, version: version) {
      write(frame)
      return refuse(reason)
    }
    since = .now
    stage = .serving(Session(clientID: clientID, version: version))
    simulator.report("client \(clientID) connected from \(peer) with API version \(version)")
    send { _, out in
      out.send(.managedAccounts(simulator.gateway.accounts))
      out.send(.nextValidID(simulator.gateway.brokerage.nextOrderID(for: clientID)))
      guard simulator.gateway.isLinked else { return out.send(.error(Simulator.linkLost)) }
      for farm in Simulator.farms { out.send(.error(farm)) }
    }
  }

  private func refuse(_ reason: String) {
    simulator.report("connection from \(peer) refused: \(reason)")
    stage = .deaf
    context?.close(promise: nil)
  }

  private func write(_ bytes: [UInt8]) {
    guard let context, !bytes.isEmpty else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
  }
}
