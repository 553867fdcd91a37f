import CLinux
import Glibc

/// The lock that keeps a second supervisor out of a run directory. The kernel frees it when its holder ends, however it ends.
public struct InstanceLock: ~Copyable {
  /// The descriptor that holds the lock. As long as it is open, also across execve, the lock is ours.
  public let descriptor: Int32

  /// Why the lock is not ours.
  public enum Failure: Error, Sendable, Hashable {
    /// Another process has it; its pid where it could be read.
    case held(by: Int32?)
    /// The file cannot be made; the reason as libc says it.
    case unusable(String)
  }

  /// Takes the lock at `path` and writes our pid into it.
  public init(path: String) throws(Failure) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .unusable(describe(errno: errno)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var buffer = [UInt8](repeating: 0, count: 32)
      let count = max(0, read(descriptor, &buffer, buffer.count))
      close(descriptor)
      throw .held(by: Int32(String(decoding: buffer[..<count].filter { $0 > 32 }, as: UTF8.self)))
    }
    let text = "\(getpid())\n"
    ftruncate(descriptor, 0)
    _ = text.withCString { write(descriptor, $0, strlen($0)) }
    self.descriptor = descriptor
  }

  /// The lock that the program before us in this process has left open under this number.
  public init(inherited descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}
