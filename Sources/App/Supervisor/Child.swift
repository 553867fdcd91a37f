import Lifecycle
import NIOCore
import Output

/// The processes of one service while any of them is left. Owned by the supervisor's loop.
final class Child {
  let name: ServiceName
  let pid: Int32
  /// In clock ticks after boot: with the pid it names the process for good.
  let startTime: UInt64
  let voice: ServiceDefinition.Voice
  let readyText: String?
  /// Whether it is a service, rather than an errand such as the delivery of an alert.
  let isService: Bool

  /// Our ends of its pipes; a child whose output is closed has none.
  var output: Int32?
  var readiness: Int32?

  /// How the first process ended, once it has.
  var leaderExit: Exit?
  /// How the last process of the group ended, for a gateway whose shell is gone.
  var lastExit: Exit?
  /// The supervisor has been told that the first process is gone while others are left.
  var leaderEndTold = false
  /// Nobody can write to the output any more.
  var outputClosed = false
  /// The output has had its time after the end: something that left the group still holds it.
  var outputGivenUp = false

  /// The last line that it has printed.
  var lastLine: [UInt8] = []
  /// For an errand: what is done when it has ended, with its last line.
  var whenEnded: ((Supervisor, Exit, String) -> Void)?

  var splitter = LineSplitter()
  var flood = FloodGate()

  init(
    name: ServiceName, pid: Int32, startTime: UInt64, voice: ServiceDefinition.Voice, readyText: String? = nil,
    isService: Bool = false
  ) {
    self.name = name
    self.pid = pid
    self.startTime = startTime
    self.voice = voice
    self.readyText = readyText
    self.isService = isService
  }
}

/// How much a child may say: bursts pass, a flood is cut and counted, so that no child fills the disk with its log.
struct FloodGate {
  /// How many lines may come at once, and how many more each second.
  static let burst = 20_000.0
  static let linesPerSecond = 500.0

  private var allowance = burst
  private var last: Int64?
  private var dropped = 0

  /// What to do with one more line at `now` milliseconds: pass it, after saying how many were dropped before it, or drop it.
  mutating func admits(at now: Int64) -> (pass: Bool, droppedBefore: Int) {
    allowance = min(Self.burst, allowance + Double(now - (last ?? now)) * Self.linesPerSecond / 1000)
    last = now
    // After a cut the flood is let through again only when there is room for more than a line, else every line would come with a count.
    guard allowance >= (dropped > 0 ? Self.linesPerSecond : 1) else {
      dropped += 1
      return (false, 0)
    }
    allowance -= 1
    defer { dropped = 0 }
    return (true, dropped)
  }
}

/// Reads what a child prints and hands the bytes to the supervisor, slowing down a child that prints without end.
final class ChildOutputHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// How many bytes are read before a pause, and how long the pause is: 10 MB a second at the most.
  private static let share = 512 * 1024
  private static let window = TimeAmount.milliseconds(50)

  private let onBytes: (ByteBuffer) -> Void
  private let onEnd: () -> Void
  private var taken = 0
  private var windowBegin = NIODeadline.now()

  init(onBytes: @escaping (ByteBuffer) -> Void, onEnd: @escaping () -> Void) {
    self.onBytes = onBytes
    self.onEnd = onEnd
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    onBytes(bytes)
    let now = NIODeadline.now()
    if now - windowBegin > Self.window {
      windowBegin = now
      taken = 0
    }
    taken += bytes.readableBytes
    if taken >= Self.share { pause(context.channel) }
  }

  private func pause(_ channel: any Channel) {
    taken = 0
    channel.setOption(.autoRead, value: false).assumeIsolated().whenComplete { _ in }
    channel.eventLoop.scheduleTask(in: Self.window) {
      channel.setOption(.autoRead, value: true).whenComplete { _ in }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    onEnd()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
