import CLinux
import NIOCore
import NIOPosix

/// Reads masked signals from a descriptor of `clinux_signal_descriptor()` on the loop, and hands on their numbers. The caller
/// is on the loop.
func watch(_ descriptor: CInt, on loop: any EventLoop, _ received: @escaping (Int32) -> Void) {
  let handler = NIOLoopBound(SignalHandler(received), eventLoop: loop)
  NIOPipeBootstrap(group: loop)
    .channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
    }
    .takingOwnershipOfDescriptor(input: descriptor)
    .whenFailure { fatalError("cannot read signals: \($0)") }
}

/// Cuts what the descriptor yields into its records.
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
    let size = MemoryLayout<signalfd_siginfo>.size
    while let record = bytes.readBytes(length: size) {
      received(record.withUnsafeBytes { Int32(bitPattern: $0.loadUnaligned(as: UInt32.self)) })
    }
  }
}
