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
    let bound = NIOLoopBound(self, eventLoop: loop)
    let boundChild = NIOLoopBound(child, eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          ChildOutputHandler(
            onBytes: { bound.value.heard($0, from: boundChild.value) },
            onEnd: { bound.value.outputEnded(of: boundChild.value) }))
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }

  func awaitReadiness(_ descriptor: Int32, of child: Child) {
    child.readiness = descriptor
    let bound = NIOLoopBound(self, eventLoop: loop)
    let boundChild = NIOLoopBound(child, eventLoop: loop)
    _ = NIOPipeBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          ChildOutputHandler(
            onBytes: { bytes in
              if bytes.readableBytesView.contains(UInt8(ascii: "\n")) {
                bound.value.tell(.service(boundChild.value.name, .ready))
              }
            },
            onEnd: {
              boundChild.value.readiness = nil
              bound.value.saveChildren()
            }))
      }
    }.takingOwnershipOfDescriptor(input: descriptor)
  }
}
