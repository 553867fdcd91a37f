import CLinux
import Glibc
import NIOCore
import NIOPosix

/// Signals as events of a loop.
public enum LoopSignals {
  /// Hands over the number of each masked signal that this process gets, on `loop`, where the caller is too. The signals were
  /// masked in the first line of `main`. Fails when the kernel gives no descriptor for them.
  public static func watch(
    on loop: any EventLoop, _ received: @escaping (Int32) -> Void
  ) -> EventLoopFuture<Void> {
    let descriptor = clinux_signal_descriptor()
    guard descriptor >= 0 else { return loop.makeFailedFuture(IOError(errnoCode: errno, reason: "signalfd")) }
    let handler = NIOLoopBound(SignalHandler(received), eventLoop: loop)
    return NIOPipeBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
      }
      .takingOwnershipOfDescriptor(input: descriptor).map { _ in }
  }
}

/// Cuts what a signalfd yields into its records of 128 bytes, whose first four are the signal's number.
private final class SignalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private static let recordLength = 128

  private let received: (Int32) -> Void
  private var pending = ByteBuffer()

  init(_ received: @escaping (Int32) -> Void) { self.received = received }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    pending.writeBuffer(&bytes)
    while pending.readableBytes >= Self.recordLength, var record = pending.readSlice(length: Self.recordLength) {
      if let number = record.readInteger(endianness: .host, as: Int32.self) { received(number) }
    }
    pending.discardReadBytes()
  }
}
