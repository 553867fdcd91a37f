import CLinux
import Glibc
import Lifecycle
import NIOCore
import NIOPosix
import Survival

/// The sockets on which services say that they are ready, in the way of sd_notify(3). Each service has one of its own, which
/// outlives its processes.
extension Supervisor {
  /// Where a service's readiness arrives.
  func notifySocketPath(_ name: ServiceName) -> String { "\(configuration.runDirectory)/\(name).notify" }

  /// Opens the socket of every service that says so in this way. Read as a pipe is: a datagram channel of NIO's closes itself when
  /// a sender has no address, as here none has.
  func openNotifySockets() -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let opened = configuration.services.filter(\.notifies).map { definition -> EventLoopFuture<Void> in
      let (name, path) = (definition.plan.name, notifySocketPath(definition.plan.name))
      let inherited = saved.notify[name.text].flatMap { Descriptors.isSocket($0) ? $0 : nil }
      let descriptor = inherited ?? clinux_notify_socket(path)
      guard descriptor >= 0 else { return loop.makeFailedFuture(IOError(errnoCode: errno, reason: path)) }
      if continuity != nil { Descriptors.keep(descriptor) }
      saved.notify[name.text] = descriptor
      return NIOPipeBootstrap(group: loop).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            NotifyHandler { bound.value.tell(.service(name, .ready)) })
        }
      }.takingOwnershipOfDescriptor(input: descriptor).map { bound.value.sockets.append($0) }
    }
    return EventLoopFuture.andAllSucceed(opened, on: loop)
  }
}

/// Waits for a datagram with the line `READY=1`.
private final class NotifyHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let onReady: () -> Void

  init(_ onReady: @escaping () -> Void) { self.onReady = onReady }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if String(buffer: unwrapInboundIn(data)).split(separator: "\n").contains("READY=1") { onReady() }
  }
}
