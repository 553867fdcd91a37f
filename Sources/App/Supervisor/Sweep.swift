import Clocks
import Glibc
import Lifecycle
import NIOCore
import Processes

/// The last step of the end: whatever is still below us, though no service's, is told to end, and then killed.
public struct Sweep {
  /// How long the whole sweep may take, in milliseconds; kept back from the time of the stop.
  public static let patience: Int64 = 2000

  let code: Int32
  let killAt: Int64
  let endAt: Int64
}

extension Supervisor {
  /// Every service has ended. Ends what a script left running or what called setsid, then leaves.
  func beginSweep(code: Int32) {
    let now = SystemClock.uptime
    sweep = Sweep(code: code, killAt: now + Sweep.patience / 2, endAt: now + Sweep.patience)
    Reaper.drain { _ in orphansReaped += 1 }
    let left = ProcessTable.descendants(of: getpid())
    if !left.isEmpty {
      say(.info, "ibgw", "\(left.count) processes that no service owns are still there; they are told to end")
      for process in left { Signals.send(SIGTERM, to: process.pid) }
    }
    sweepOn()
  }

  /// Looks whether anything is left, after each end and every few milliseconds.
  func sweepOn() {
    guard let sweep else { return }
    let left = ProcessTable.descendants(of: getpid())
    let now = SystemClock.uptime
    if left.isEmpty || now >= sweep.endAt {
      self.sweep = nil
      say(.info, "ibgw", "ended with exit code \(sweep.code); \(orphansReaped) orphans were collected")
      finish(code: sweep.code)
      return
    }
    if now >= sweep.killAt {
      for process in left { Signals.send(SIGKILL, to: process.pid) }
    }
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: .milliseconds(50)) { bound.value.sweepLater() }
  }

  private func sweepLater() {
    Reaper.drain { _ in orphansReaped += 1 }
    sweepOn()
  }
}
