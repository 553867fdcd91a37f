import NIOCore
import NIOHTTP1

/// Reads whole requests of one connection and hands each to the server's handler.
final class HTTPServerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let handler: LocalHTTPServer.Handler
  private let onRequest: () -> Void
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var patience: Scheduled<Void>?

  init(handler: @escaping LocalHTTPServer.Handler, onRequest: @escaping () -> Void) {
    self.handler = handler
    self.onRequest = onRequest
  }

  func channelActive(context: ChannelHandlerContext) {
    startPatience(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    patience?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.removeAll(keepingCapacity: true)
    case .body(let part):
      guard body.count + part.readableBytes <= LocalHTTPServer.bodyLimit else {
        answer(context, .text(413, "cannot take the request: its body is over \(LocalHTTPServer.bodyLimit) bytes"))
        head = nil
        return
      }
      body.append(contentsOf: part.readableBytesView)
    case .end:
      guard let head else { return }
      self.head = nil
      patience?.cancel()
      onRequest()
      let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0),\($1)" }
      let request = HTTPRequest(method: head.method.rawValue, target: head.uri, headers: headers, body: body)
      handler(request, HTTPResponder(channel: context.channel, omitsBody: head.method == .HEAD))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func answer(_ context: ChannelHandlerContext, _ response: HTTPResponse) {
    HTTPResponder(channel: context.channel, omitsBody: head?.method == .HEAD).respond(response)
  }

  /// A client that connects and says nothing must not hold its place for ever.
  private func startPatience(_ context: ChannelHandlerContext) {
    let channel = context.channel
    patience = context.eventLoop.scheduleTask(in: LocalHTTPServer.requestPatience) {
      channel.close(promise: nil)
    }
  }
}

/// The way back to the client of one request. Each connection carries one request: it closes after the answer.
public struct HTTPResponder: Sendable {
  let channel: any Channel
  /// Whether the request was a HEAD: its answer says how long the body would be, and has none.
  let omitsBody: Bool

  /// Sends one whole answer.
  public func respond(_ response: HTTPResponse) {
    var headers = Self.headers(response.contentType)
    headers.add(name: "Content-Length", value: String(response.body.count))
    write(.head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status), headers: headers)))
    if !omitsBody { write(.body(.byteBuffer(ByteBuffer(bytes: response.body)))) }
    finish()
  }

  /// Begins an answer whose parts follow by ``write(_:)-(some_Sequence<UInt8>)``, until ``finish()``.
  public func begin(status: Int, contentType: String) {
    let headers = Self.headers(contentType)
    write(.head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)))
    channel.flush()
  }

  /// Sends a part of an answer that was begun. False when the client is gone or reads too slowly to be sent more.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>) -> Bool {
    guard channel.isActive, channel.isWritable else { return false }
    write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    channel.flush()
    return true
  }

  /// Ends the answer and the connection.
  public func finish() {
    let channel = channel
    channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
  }

  /// Whether the client is gone.
  public var isClosed: Bool { !channel.isActive }

  private func write(_ part: HTTPServerResponsePart) {
    channel.write(part, promise: nil)
  }

  private static func headers(_ contentType: String) -> HTTPHeaders {
    ["Content-Type": contentType, "Connection": "close", "Cache-Control": "no-store"]
  }
}
