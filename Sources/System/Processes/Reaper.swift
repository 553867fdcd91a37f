import CLinux
import Glibc

/// A child of ours, or an orphan that became ours, that has ended.
public struct EndedProcess: Sendable, Hashable {
  /// Its process id, free for reuse once it has been collected.
  public let pid: Int32
  /// The process group it was in: for everything below a service, the service's first process.
  public let group: Int32
  /// Its exit code, or the number of the signal that ended it.
  public let code: Int32
  /// Whether it was ended by a signal.
  public let signaled: Bool
}

/// Collects ended children.
public enum Reaper {
  /// Hands over every child that has ended, until none is left, and collects it then: what `body` has noted before a crash is not
  /// lost, and what it has not is handed over again. SIGCHLD coalesces: one signal may stand for a thousand ends.
  public static func drain(_ body: (EndedProcess) -> Void) {
    var pid: Int32 = 0
    var group: Int32 = 0
    var code: Int32 = 0
    var signaled: Int32 = 0
    while clinux_next_ended(&pid, &group, &code, &signaled) == 1 {
      body(EndedProcess(pid: pid, group: group, code: code, signaled: signaled != 0))
      guard clinux_reap(pid) == 0 else { return }
    }
  }
}

extension Reaper {
  /// Hands over every child that a signal such as STOP has suspended since the last call. SIGCHLD tells of those, too.
  public static func drainSuspended(_ body: (_ pid: Int32) -> Void) {
    while case let pid = clinux_next_suspended(), pid > 0 { body(pid) }
  }
}

/// Signals to processes and process groups.
public enum Signals {
  /// Sends a signal to one process. False when it is gone.
  @discardableResult
  public static func send(_ signal: Int32, to pid: Int32) -> Bool { kill(pid, signal) == 0 }

  /// Sends a signal to every process of a group. False when none is left.
  @discardableResult
  public static func send(_ signal: Int32, toGroup group: Int32) -> Bool { kill(-group, signal) == 0 }

  /// Whether any process of the group is left, one that has ended and is not yet collected included.
  public static func groupExists(_ group: Int32) -> Bool { kill(-group, 0) == 0 || errno == EPERM }
}
