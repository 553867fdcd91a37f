import CLinux
import Files
import Glibc
import Lifecycle
import NIOCore
import NIOPosix
import Processes
import Survival

/// The run directory, and what is done when somebody removes it, or the control socket in it: without that nobody could ask us any more.
extension Supervisor {
  /// How long removals are left to come to their end.
  private static let settling = TimeAmount.milliseconds(100)

  /// Begins to be told of removals in the run directory. Where that cannot be, a HUP does the same.
  func watchRunDirectory() {
    let descriptor = clinux_watch_removals(configuration.runDirectory)
    guard descriptor >= 0 else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          RemovalHandler {
            guard !bound.value.isRestoring, FileSystem.kind(of: bound.value.controlSocketPath) == nil else { return }
            bound.value.isRestoring = true
            bound.value.loop.scheduleTask(in: Self.settling) { bound.value.restoreRunDirectory() }
          })
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }

  /// Makes everything anew that belongs there and is not there: the folder, the files, our sockets and those of our own processes.
  func restoreRunDirectory() {
    isRestoring = false
    guard sweep == nil, FileSystem.kind(of: controlSocketPath) == nil else { return }
    let folder = configuration.runDirectory
    do throws(FileError) { try FileSystem.createDirectory(folder) } catch {
      say(
        .error, "ibgw",
        "cannot restore what was removed from \(folder): \(error); send HUP to process \(getpid()) once that is mended")
      return
    }
    say(.error, "ibgw", "somebody has removed what is in \(folder): it is made anew; leave that folder to this program")
    for outcome in configuration.reload().outcomes where outcome.severity >= .warning {
      say(outcome.severity, "ibgw", outcome.sentence)
    }
    for socket in sockets { socket.close(promise: nil) }
    (sockets, saved.control, saved.notify) = ([], nil, [:])
    let bound = NIOLoopBound(self, eventLoop: loop)
    openNotifySockets().flatMap { bound.value.openControlSocket() }.whenComplete { result in
      if case .failure(let error) = result {
        bound.value.say(.error, "ibgw", "cannot serve \(bound.value.controlSocketPath) anew: \(error)")
      }
      bound.value.saveChildren()
    }
    for child in children.values where definition(child.name)?.isOwnProgram == true && child.leaderExit == nil {
      Signals.send(SIGHUP, to: child.pid)
    }
    watchRunDirectory()
  }
}

/// Tells that something was removed, whatever it was.
private final class RemovalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let onRemoval: () -> Void

  init(_ onRemoval: @escaping () -> Void) { self.onRemoval = onRemoval }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { onRemoval() }
}
