import Glibc
import Lifecycle
import NIOCore
import NIOPosix
import Processes
import Survival

/// Starting processes, and listening to them.
extension Supervisor {
  func spawn(_ name: ServiceName) {
    guard let definition = definition(name) else { return }
    definition.stale?.remove()
    if let mode = definition.plan.mode { quarantineSessions(of: mode) }
    do throws(SpawnFailure) {
      var command = definition.command
      if definition.notifies { command.environment["NOTIFY_SOCKET"] = notifySocketPath(name) }
      let pid = try start(
        command, as: name, voice: definition.voice, readyText: definition.readyText, isService: true)
      pending.append(.service(name, .spawned(pid: pid)))
    } catch {
      pending.append(.service(name, .spawnFailed(why: error.sentence, missing: error.missing)))
    }
  }

  /// Starts a process and listens to it. What is no service is an errand: its end is only said where it went wrong.
  func start(
    _ command: Command, as name: ServiceName, voice: ServiceDefinition.Voice, readyText: String? = nil,
    isService: Bool = false
  ) throws(SpawnFailure) -> Int32 {
    let process: SpawnedProcess
    do throws(SpawnFailure) {
      process = try command.spawn { output, readiness in
        guard continuity != nil else { return }
        for descriptor in [output, readiness].compactMap(\.self) { Descriptors.keep(descriptor) }
        saveChildren(
          starting: SavedChild(
            name: name, pid: 0, startTime: 0, output: output, readiness: readiness, isService: isService,
            leaderEndTold: false, partialLine: []))
      }
    } catch {
      saveChildren()
      throw error
    }
    let child = Child(
      name: name, pid: process.pid, startTime: ProcessTable.entry(of: process.pid)?.startTime ?? 0, voice: voice,
      readyText: readyText, isService: isService)
    children[process.pid] = child
    read(process.output, of: child)
    if let readiness = process.readiness { awaitReadiness(readiness, of: child) }
    saveChildren()
    return process.pid
  }

  func read(_ descriptor: Int32, of child: Child) {
    child.output = descriptor
    listen(
      to: descriptor, of: child, onBytes: { $0.heard($2, from: $1) }, onEnd: { $0.outputEnded(of: $1) })
  }

  func awaitReadiness(_ descriptor: Int32, of child: Child) {
    child.readiness = descriptor
    listen(
      to: descriptor, of: child,
      onBytes: { supervisor, child, bytes in
        guard bytes.readableBytesView.contains(UInt8(ascii: "\n")) else { return }
        supervisor.tell(.service(child.name, .ready))
      },
      onEnd: { supervisor, child in
        child.readiness = nil
        supervisor.saveChildren()
      })
  }

  private func listen(
    to descriptor: Int32, of child: Child, onBytes: @escaping @Sendable (Supervisor, Child, ByteBuffer) -> Void,
    onEnd: @escaping @Sendable (Supervisor, Child) -> Void
  ) {
    let bound = NIOLoopBound((supervisor: self, child: child), eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        let (supervisor, child) = bound.value
        try channel.pipeline.syncOperations.addHandler(
          ChildOutputHandler(
            onBytes: { onBytes(supervisor, child, $0) }, onEnd: { onEnd(supervisor, child) }))
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }
}
