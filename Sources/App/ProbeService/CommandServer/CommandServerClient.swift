import Glibc
import NIOCore
import NIOPosix
import Splice

/// A client of IBC's command server: a line with a command goes out, a line that begins with `OK` or `ERROR` comes back.
enum CommandServerClient {
  /// Why there is no answer.
  enum Failure: Error, Equatable {
    /// Nobody listens, or the connect fails for the reason given.
    case unreachable(String)
    /// IBC has ended the connection without an answer.
    case unanswered
    /// No answer in time.
    case timedOut
  }

  private static let connectPatience = TimeAmount.seconds(5)

  /// Gives a command, and completes with IBC's answer as it stands or fails with a ``Failure``.
  static func give(
    _ command: CommandServerCommand, to server: Endpoint, on loop: any EventLoop, within patience: TimeAmount? = nil
  ) -> EventLoopFuture<String> {
    let promise = loop.makePromise(of: String.self)
    let address: SocketAddress
    do {
      address = try SocketAddress(ipAddress: server.address.description, port: Int(server.port))
    } catch {
      return loop.makeFailedFuture(Failure.unreachable("\(error)"))
    }
    ClientBootstrap(group: loop)
      .connectTimeout(connectPatience)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(CommandExchange(command, promise))
        }
      }
      .connect(to: address)
      .whenComplete { result in
        switch result {
        case .failure(let error): promise.fail(Failure.unreachable(reason(error)))
        case .success(let channel):
          let limit = loop.scheduleTask(in: patience ?? command.patience) {
            promise.fail(Failure.timedOut)
            channel.close(promise: nil)
          }
          promise.futureResult.whenComplete { _ in limit.cancel() }
        }
      }
    return promise.futureResult
  }

  private static func reason(_ error: any Error) -> String {
    if case ChannelError.connectTimeout = error { return "the connect is not answered" }
    let first = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    guard let code = (first as? IOError)?.errnoCode else { return "\(first)" }
    return String(cString: strerror(code)).lowercased()
  }
}

/// One command and its answer. What IBC says before the answer, a greeting or a prompt, is passed over.
private final class CommandExchange: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let longestTalk = 16_384

  private let command: CommandServerCommand
  private let answered: EventLoopPromise<String>
  private var talk: [UInt8] = []
  private var isOver = false

  init(_ command: CommandServerCommand, _ answered: EventLoopPromise<String>) {
    self.command = command
    self.answered = answered
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: command.rawValue + "\n")), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    talk.append(contentsOf: unwrapInboundIn(data).readableBytesView)
    let lines = talk.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let answer = lines.dropLast().lazy.compactMap(Self.answer).first else {
      if talk.count > Self.longestTalk { context.close(promise: nil) }
      return
    }
    isOver = true
    answered.succeed(answer)
    let channel = context.channel
    channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    answered.fail(CommandServerClient.Failure.unanswered)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// The answer in a line, from its first word on: a prompt may stand before it.
  private static func answer(_ line: ArraySlice<UInt8>) -> String? {
    let text = String(decoding: line.filter { $0 >= 32 }, as: UTF8.self)
    let words = text.split(separator: " ")
    guard let start = words.firstIndex(where: { $0 == "OK" || $0 == "ERROR" }) else { return nil }
    return words[start...].joined(separator: " ")
  }
}
