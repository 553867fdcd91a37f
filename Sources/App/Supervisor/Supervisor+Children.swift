import Clocks
import Gateway
import Glibc
import Lifecycle
import NIOCore
import Processes

/// What children print, and how they end.
extension Supervisor {
  // MARK: Output

  func heard(_ bytes: ByteBuffer, from child: Child) {
    child.splitter.take(bytes.readableBytesView) { heardLine($0, from: child) }
  }

  func outputEnded(of child: Child) {
    child.outputClosed = true
    saveChildren()
    child.splitter.finish { heardLine($0, from: child) }
    if child.leaderExit != nil { settleEnds() }
  }

  private func heardLine(_ line: [UInt8], from child: Child) {
    if !line.isEmpty { child.lastLine = line }
    write(line, of: child)
    understand(line, from: child)
  }

  private func write(_ line: [UInt8], of child: Child) {
    // IBC parts its paragraphs by empty lines; behind a time and a name they say nothing.
    guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return }
    let (passes, dropped) = child.flood.admits(at: SystemClock.uptime)
    if dropped > 0 {
      let rate = Int(FloodGate.linesPerSecond)
      say(.warning, child.name.text, "\(dropped) lines were dropped here: it prints more than \(rate) a second")
    }
    guard passes else { return }
    let (severity, text) = child.voice.split(line)
    journal.say(severity, child.name.text, text)
    flushLater()
  }

  private func understand(_ line: [UInt8], from child: Child) {
    if child.voice == .ibc, let event = IBCLine.event(in: String(decoding: line, as: UTF8.self)) {
      if event == .javaEnded(Exit.signal(SIGKILL).shellCode) { sayMemory() }
      tell(.service(child.name, .gateway(event)))
    }
    if let text = child.readyText, line.contains(text) { tell(.service(child.name, .ready)) }
  }

  // MARK: Ends

  /// Collects every process that has ended: services', and orphans that became ours.
  func collect() {
    var mayBeMemory = false
    defer { if mayBeMemory { sayMemory() } }
    Reaper.drain { ended in
      let exit: Exit = ended.signaled ? .signal(ended.code) : .code(ended.code)
      if exit == .signal(SIGKILL) { mayBeMemory = true }
      guard let child = children[ended.group] else {
        orphansReaped += 1
        return
      }
      child.lastExit = exit
      if ended.pid == child.pid {
        child.leaderExit = exit
        saveChildren()
      } else if !child.leaderEndTold {
        orphansReaped += 1
      }
    }
    Reaper.drainSuspended { pid in
      if let child = children[pid], child.isService { tell(.service(child.name, .suspended)) }
    }
    settleEnds()
    sweepOn()
  }

  /// Tells of every service whose processes are all gone, after its last words have been read.
  func settleEnds() {
    for child in children.values {
      guard let leaderExit = child.leaderExit else { continue }
      if !isTask(child), Signals.groupExists(child.pid) {
        leftBehind(child, leaderExit)
      } else if child.outputClosed || child.outputGivenUp {
        children[child.pid] = nil
        reportEnd(of: child, leaderExit)
        // Only now, or a crash in between would lose how it ended.
        saveChildren()
      } else {
        giveOutputItsTime(child)
      }
    }
  }

  /// What a user's script leaves running in the background is what it was run for; it lives until the sweep.
  private func isTask(_ child: Child) -> Bool { definition(child.name)?.plan.kind == .task }

  private func reportEnd(of child: Child, _ leaderExit: Exit) {
    let lastLine = String(decoding: child.lastLine, as: UTF8.self)
    if let whenEnded = child.whenEnded {
      whenEnded(self, leaderExit, lastLine)
    } else if child.isService {
      if child.voice == .plain(.debug), leaderExit.isFailure, !lastLine.isEmpty {
        say(.warning, child.name.text, "its last words: \(lastLine)")
      }
      // Where java has outlived the shell around it, java's own end counts.
      tell(.service(child.name, .ended(child.leaderEndTold ? child.lastExit ?? leaderExit : leaderExit)))
    } else if leaderExit != .code(0) {
      say(.warning, child.name.text, "failed: \(leaderExit)")
    }
  }

  /// The first process is gone and others of its group are left. A gateway's java is never touched for that; anything else is
  /// of no use without its first process.
  private func leftBehind(_ child: Child, _ exit: Exit) {
    if child.voice == .ibc {
      if !child.leaderEndTold {
        child.leaderEndTold = true
        tell(.service(child.name, .leaderEnded(exit)))
      }
      // java's end is our own child's, and wakes us. Only one whose parent lives on elsewhere would not.
      recheck(in: .seconds(2))
    } else {
      Signals.send(SIGKILL, toGroup: child.pid)
      recheck(in: .milliseconds(100))
    }
  }

  /// A process that left the group may hold the pipe for ever; what was written before the end is there at once.
  private func giveOutputItsTime(_ child: Child) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let boundChild = NIOLoopBound(child, eventLoop: loop)
    loop.scheduleTask(in: .milliseconds(100)) {
      boundChild.value.outputGivenUp = true
      bound.value.settleEnds()
    }
  }

  // MARK: Signals to children

  private func child(_ name: ServiceName) -> Child? { children.values.first { $0.name == name } }

  /// KILL to ibcstart.sh alone. java, which it leaves to us, is told afterwards and waited for as our own child.
  func signalLeader(_ name: ServiceName) {
    guard let child = child(name) else { return }
    if child.leaderExit == nil { Signals.send(SIGKILL, to: child.pid) }
  }

  /// A signal to every process of a service; KILL also reaches what has left the group but still stands below it.
  func signalAll(_ name: ServiceName, _ signal: Int32) {
    guard let child = child(name) else { return }
    let strays = signal == SIGKILL ? ProcessTable.descendants(of: child.pid) : []
    Signals.send(signal, toGroup: child.pid)
    for stray in strays where stray.group != child.pid { Signals.send(signal, to: stray.pid) }
  }

  /// Asks a gateway to end by itself, by IBC's command server.
  func ask(_ name: ServiceName, to command: IBCCommand) {
    guard let mode = lifecycle.plans.first(where: { $0.name == name })?.mode else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    commandIBC(mode, command) { bound.value.tell(.service(name, .askFailed)) }
  }
}

extension ServiceDefinition.Voice {
  /// The severity of a line and what is left of it as text.
  func split(_ line: [UInt8]) -> (Severity, [UInt8]) {
    switch self {
    case .plain(let severity): return (severity, line)
    case .ibc: return (.info, AccountMask.masked(line))
    case .prioritised:
      guard line.count >= 3, line[0] == UInt8(ascii: "<"), line[2] == UInt8(ascii: ">") else { return (.info, line) }
      let text = Array(line[3...])
      switch line[1] {
      case UInt8(ascii: "0")...UInt8(ascii: "3"): return (.error, text)
      case UInt8(ascii: "4"): return (.warning, text)
      case UInt8(ascii: "5"), UInt8(ascii: "6"): return (.info, text)
      case UInt8(ascii: "7"): return (.debug, text)
      default: return (.info, line)
      }
    }
  }
}

extension [UInt8] {
  /// Whether the text stands anywhere in these bytes.
  fileprivate func contains(_ text: String) -> Bool {
    let needle = Array(text.utf8)
    guard !needle.isEmpty, count >= needle.count else { return needle.isEmpty }
    return indices.dropLast(needle.count - 1).contains { self[$0...].starts(with: needle) }
  }
}
