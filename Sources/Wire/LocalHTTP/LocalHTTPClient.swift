import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// A client of ``LocalHTTPServer``, and of any other HTTP/1.1 server on a unix socket. One connection for each request.
public enum LocalHTTPClient {
  /// The largest answer that is taken, in bytes.
  public static let answerLimit = 16 * 1024 * 1024

  /// Sends one request and completes with its whole answer, or fails with an ``HTTPFailure``.
  public static func request(
    _ method: String, _ target: String, body: [UInt8] = [], host: String = "localhost", path: String,
    on loop: any EventLoop, timeout: TimeAmount = .seconds(5)
  ) -> EventLoopFuture<HTTPResponse> {
    let collected = NIOLoopBoundBox<[UInt8]>([], eventLoop: loop)
    return stream(method, target, body: body, host: host, path: path, on: loop, timeout: timeout) { _, part in
      collected.value.append(contentsOf: part.readableBytesView)
      return collected.value.count <= answerLimit
    }.map { head in
      HTTPResponse(
        status: Int(head.status.code), contentType: head.headers.first(name: "content-type") ?? "",
        body: collected.value)
    }
  }

  /// Sends one request and hands over the body's parts as they come, until the server ends it or `onPart` returns false.
  /// With `timeout` nil the answer may last for ever.
  public static func stream(
    _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = [],
    host: String = "localhost", path: String, on loop: any EventLoop, timeout: TimeAmount?,
    onPart: @escaping @Sendable (HTTPResponseHead, ByteBuffer) -> Bool
  ) -> EventLoopFuture<HTTPResponseHead> {
    let answered = loop.makePromise(of: HTTPResponseHead.self)
    let limit = timeout.map { loop.scheduleTask(in: $0) { answered.fail(HTTPFailure.timedOut(path: path)) } }
    answered.futureResult.whenComplete { _ in limit?.cancel() }
    connect(to: path, on: loop, until: .now() + (timeout ?? .seconds(5))) { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(
          HTTPClientHandler(path: path, answered: answered, onPart: onPart))
      }
    }.whenComplete { result in
      switch result {
      case .failure(let error):
        let failure: HTTPFailure =
          switch (error as? IOError)?.errnoCode {
          // The socket's own permissions turn strangers away before the server could.
          case EACCES, EPERM: .refused(path: path)
          case EAGAIN: .timedOut(path: path)
          default: .notServed(path: path)
          }
        answered.fail(failure)
      case .success(let channel):
        answered.futureResult.whenFailure { _ in channel.close(promise: nil) }
        var fields: HTTPHeaders = ["Host": host, "Content-Length": String(body.count), "Connection": "close"]
        for (name, value) in headers { fields.add(name: name, value: value) }
        let head = HTTPRequestHead(version: .http1_1, method: .init(rawValue: method), uri: target, headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
      }
    }
    return answered.futureResult
  }

  /// Connects. Where so many wait for the server to accept them that the socket's queue is full (EAGAIN, connect(2)), the
  /// server is there and late: it is tried again until the deadline.
  private static func connect(
    to path: String, on loop: any EventLoop, until deadline: NIODeadline,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<any Channel> {
    let attempt = ClientBootstrap(group: loop).channelInitializer(initializer).connect(unixDomainSocketPath: path)
    return attempt.flatMapError { error in
      let again = NIODeadline.now() + .milliseconds(20)
      guard (error as? IOError)?.errnoCode == EAGAIN, again < deadline else { return loop.makeFailedFuture(error) }
      return loop.flatScheduleTask(deadline: again) {
        connect(to: path, on: loop, until: deadline, initializer: initializer)
      }.futureResult
    }
  }
}

/// Collects one answer.
private final class HTTPClientHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let path: String
  private let answered: EventLoopPromise<HTTPResponseHead>
  private let onPart: @Sendable (HTTPResponseHead, ByteBuffer) -> Bool
  private var head: HTTPResponseHead?

  init(
    path: String, answered: EventLoopPromise<HTTPResponseHead>,
    onPart: @escaping @Sendable (HTTPResponseHead, ByteBuffer) -> Bool
  ) {
    self.path = path
    self.answered = answered
    self.onPart = onPart
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
    case .body(let part):
      if let head, !onPart(head, part) { context.close(promise: nil) }
    case .end:
      if let head { answered.succeed(head) }
      context.close(promise: nil)
    }
  }

  /// A server that does not admit us closes without an answer.
  func channelInactive(context: ChannelHandlerContext) {
    answered.fail(head == nil ? HTTPFailure.refused(path: path) : HTTPFailure.broken(path: path))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answered.fail(HTTPFailure.broken(path: path))
    context.close(promise: nil)
  }
}
