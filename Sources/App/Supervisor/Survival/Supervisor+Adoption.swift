import Glibc
import Lifecycle
import NIOCore
import Processes
import Survival

/// Going on with the children of the program that ran in this process before: after its crash, or in its place.
extension Supervisor {
  /// Crashes within a minute that are borne. One more, and everything is stopped in order while that can still be done.
  static let bearableCrashes = 3

  /// Takes the children over, carries on with what was decided, and says what has happened. Does no more than that where nothing had been begun.
  func takeOver(_ heritage: Heritage) {
    sayWhatHappened(heritage)
    guard heritage.hasBegun else { return }
    // Of two processes of one service the one that was started last is its; the other's end was told already.
    let latest = Dictionary(heritage.children.processes.enumerated().map { ($1.name, $0) }) { max($0, $1) }
    for (index, process) in heritage.children.processes.enumerated() {
      if process.isService && latest[process.name] != index { continue }
      guard let child = adopt(process), child.isService, definition(child.name) == nil else { continue }
      say(.warning, child.name.text, "is no service any more: told to end")
      Signals.send(SIGTERM, toGroup: child.pid)
    }
    saveChildren()
    if let decisions = heritage.decisions {
      repeatActions(decisions.actions, begun: heritage.begun)
    } else {
      lifecycle.goOn(with: leaders, at: now)
    }
    let others = Set(children.values.filter { $0.isService && $0.leaderExit != nil }.map(\.name))
    for event in lifecycle.news(of: leaders, others: others) { tell(event) }
    if case .ended(let code) = lifecycle.phase, sweep == nil { beginSweep(code: code) }
    let recent = heritage.crashes.filter { now.uptime - $0.uptime < 60_000 }.count
    if recent > Self.bearableCrashes, !heritage.news.isEmpty {
      tell(.supervisorFails("process 1 has crashed \(recent) times within a minute"))
    }
    tell(.timePassed)
    collect()
    restartOutdated()
  }

  /// The services whose first process is there.
  private var leaders: [ServiceName: Int32] {
    Dictionary(children.values.filter { $0.isService && $0.leaderExit == nil }.map { ($0.name, $0.pid) }) {
      max($0, $1)
    }
  }

  private func sayWhatHappened(_ heritage: Heritage) {
    let id = Reexecution.buildID.map { ", build id \($0)" } ?? ""
    for crash in heritage.news {
      saved.crashes += 1
      saved.told = crash.uptime
      say(.error, "ibgw", "process \(getpid()) has crashed (\(crash.cause)) and goes on: the services run as before")
      say(.error, "ibgw", "crashed at \(crash.backtrace)\(id)")
    }
    if heritage.news.isEmpty {
      saved.reloads += 1
      say(.info, "ibgw", "ibgw \(configuration.version) goes on in process \(getpid()): the services run as before")
    }
    if heritage.decisions == nil && heritage.hasBegun {
      say(
        .warning, "ibgw", "cannot read what the program before has decided: every process that is there is taken to run"
      )
    }
  }

  /// A child that was written down, if it is still ours.
  private func adopt(_ process: SavedChild) -> Child? {
    let output = process.output.flatMap { Descriptors.isPipe($0) ? $0 : nil }
    let readiness = process.readiness.flatMap { Descriptors.isPipe($0) ? $0 : nil }
    guard let pid = process.pid != 0 ? process.pid : output.flatMap(Self.writer) else {
      // It was about to be started, and was not.
      for descriptor in [output, readiness].compactMap(\.self) { close(descriptor) }
      return nil
    }
    let entry = ProcessTable.entry(of: pid)
    let isLeaderOurs =
      entry?.parent == getpid() && (process.startTime == 0 || entry?.startTime == process.startTime)
    let child = Child(
      name: process.name, pid: pid, startTime: entry?.startTime ?? process.startTime,
      voice: definition(process.name)?.voice ?? .plain(.info), readyText: definition(process.name)?.readyText,
      isService: process.isService)
    child.leaderExit = process.leaderExit ?? (isLeaderOurs ? nil : .code(255))
    child.lastExit = process.lastExit
    child.leaderEndTold = process.leaderEndTold
    child.splitter.take(process.partialLine) { _ in }
    // A stranger that has got the number of a process of ours must never be signalled: that group is no more.
    let isStranger = entry != nil && !isLeaderOurs
    if isStranger {
      for descriptor in [output, readiness].compactMap(\.self) { close(descriptor) }
      return nil
    }
    children[pid] = child
    if let output { read(output, of: child) } else { child.outputClosed = true }
    if let readiness { awaitReadiness(readiness, of: child) }
    if !child.isService { endInTime(pid) }
    return child
  }

  /// The child of ours that has this pipe as its standard output.
  private static func writer(of pipe: Int32) -> Int32? {
    guard let target = Descriptors.target(of: pipe) else { return nil }
    return ProcessTable.all().first {
      $0.parent == getpid() && Descriptors.target(of: STDOUT_FILENO, in: $0.pid) == target
    }?.pid
  }

  /// Carries out what was decided and not begun, and of what was begun what must not be left out.
  private func repeatActions(_ actions: [Action], begun: Int) {
    let running = leaders
    let undone = actions.dropFirst(begun)
    let last = begun > 0 && begun <= actions.count ? actions[begun - 1] : nil
    let repeated = last.map { $0.mayBeRepeated ? [$0] : [] } ?? []
    carryOut(
      (repeated + undone).filter { action in
        if case .spawn(let name) = action { running[name] == nil } else { true }
      })
  }
}
