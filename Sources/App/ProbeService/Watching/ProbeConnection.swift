import GatewayProbe
import NIOCore

/// Hands what happens on one connection to its observer.
final class ProbeConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let id: GatewayWatch.ConnectionID
  private let deliver: (GatewayWatch.Event) -> Void

  init(_ id: GatewayWatch.ConnectionID, deliver: @escaping (GatewayWatch.Event) -> Void) {
    self.id = id
    self.deliver = deliver
  }

  func channelActive(context: ChannelHandlerContext) {
    deliver(.connected(id))
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    deliver(.received(id, Array(unwrapInboundIn(data).readableBytesView)))
  }

  func channelInactive(context: ChannelHandlerContext) {
    deliver(.ended(id, .closed))
    context.fireChannelInactive()
  }

  /// A reset is an end like any other.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
