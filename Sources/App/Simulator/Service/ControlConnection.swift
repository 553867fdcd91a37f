import NIOCore
import NIOPosix

extension Simulator {
  /// Serves the control socket, then goes on. One that somebody still serves is left alone; a dead one is replaced.
  func openControl(_ path: String, then next: @escaping () -> Void) {
    ClientBootstrap(group: loop).connect(unixDomainSocketPath: path).assumeIsolated()
      .whenComplete { [self] result in
        guard case .success(let channel) = result else { return bindControl(path, then: next) }
        channel.close(promise: nil)
        fail("cannot serve the control socket \(path): another process does; end it, or choose another path")
      }
  }

  private func bindControl(_ path: String, then next: @escaping () -> Void) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    ServerBootstrap(group: loop)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ControlConnection(bound.value))
        }
      }
      .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).assumeIsolated()
      .whenComplete { [self] result in
        switch result {
        case .success(let channel):
          guard !isStopping else { return channel.close(promise: nil) }
          control = channel
          next()
        case .failure(let error):
          fail("cannot serve the control socket \(path): \(error); choose a path in a folder of your own")
        }
      }
  }
}

/// One connection of the control socket: a line in, a line out.
final class ControlConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let longestLine = 4_096

  private let simulator: Simulator
  private var line: [UInt8] = []

  init(_ simulator: Simulator) {
    self.simulator = simulator
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    while let byte = bytes.readInteger(as: UInt8.self) {
      guard byte == UInt8(ascii: "\n") else {
        guard line.count < Self.longestLine else { return context.close(promise: nil) }
        if byte != UInt8(ascii: "\r") { line.append(byte) }
        continue
      }
      let answer = simulator.perform(line: String(decoding: line, as: UTF8.self)) + "\n"
      line = []
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
