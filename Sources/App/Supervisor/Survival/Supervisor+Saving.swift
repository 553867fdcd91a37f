import FoundationEssentials
import Lifecycle
import Processes
import Survival

/// Writing down what happens, so that another program in this process can go on with it.
extension Supervisor {
  /// Writes the processes down, and one that is about to be started; `withLines` also what they have begun to say.
  func saveChildren(starting: SavedChild? = nil, withLines: Bool = false) {
    guard continuity != nil else { return }
    saved.processes = children.values.sorted { ($0.startTime, $0.pid) < ($1.startTime, $1.pid) }.map {
      $0.saved(withLine: withLines)
    }
    if let starting { saved.processes.append(starting) }
    write(saved, to: .children)
  }

  /// Writes down what was decided, before it is carried out: a crash in the middle leaves nothing undone and does little twice.
  func save(_ actions: [Action]) {
    guard continuity != nil else { return }
    let state = lifecycle.state
    guard state != savedState || !actions.isEmpty else { return }
    savedState = state
    let decisions = SavedDecisions(
      state: state, actions: actions, started: started, orphansReaped: orphansReaped)
    write(decisions, to: .decisions)
  }

  private func write(_ value: some Encodable, to document: Ledger.Document) {
    guard let json = try? JSONEncoder().encode(value) else { return }
    if continuity?.ledger.write(Array(json), to: document) == false, !hasSaidLoss {
      hasSaidLoss = true
      say(
        .error, "ibgw",
        "cannot write down the state: there is no memory left; a crash of process 1 would end everything")
    }
  }
}

extension Child {
  /// The child as it is written down.
  func saved(withLine: Bool) -> SavedChild {
    SavedChild(
      name: name, pid: pid, startTime: startTime, output: outputClosed ? nil : output, readiness: readiness,
      isService: isService, leaderExit: leaderExit, lastExit: lastExit, leaderEndTold: leaderEndTold,
      partialLine: withLine ? splitter.unfinished : [])
  }
}
