import CLinux
import NIOCore
import NIOPosix

/// Reads the masked signals of this process on the loop, and hands on their numbers. The caller is on the loop.
func watchSignals(on loop: any EventLoop, _ received: @escaping (Int32) -> Void) {
  let handler = NIOLoopBound(SignalHandler(received), eventLoop: loop)
  NIOPipeBootstrap(group: loop)
    .channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
    }
    .takingOwnershipOfDescriptor(input: clinux_signal_descriptor())
    .whenFailure { fatalError("cannot read signals: \($0)") }
}

/// Cuts what a signalfd yields into its records of 128 bytes, whose first four are the signal's number.
private final class SignalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let received: (Int32) -> Void
  private var bytes = ByteBuffer()

  init(_ received: @escaping (Int32) -> Void) {
    self.received = received
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var piece = unwrapInboundIn(data)
    bytes.writeBuffer(&piece)
    while bytes.readableBytes >= 128, let number = bytes.readInteger(endianness: .host, as: Int32.self) {
      bytes.moveReaderIndex(forwardBy: 124)
      received(number)
    }
  }
}
