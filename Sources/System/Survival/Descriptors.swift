import CLinux
import Glibc

/// Descriptors across execve.
public enum Descriptors {
  /// Leaves a descriptor open for the program that is executed in this one's place. Children never get it: see `Command.spawn`.
  public static func keep(_ descriptor: Int32) { _ = clinux_close_on_exec(descriptor, 0) }

  /// Whether a descriptor is an open pipe.
  public static func isPipe(_ descriptor: Int32) -> Bool { kind(descriptor) == S_IFIFO }

  /// Whether a descriptor is an open socket.
  public static func isSocket(_ descriptor: Int32) -> Bool { kind(descriptor) == S_IFSOCK }

  private static func kind(_ descriptor: Int32) -> mode_t? {
    var status = stat()
    return descriptor > 2 && fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// Closes everything above the standard descriptors but these: what the program before us had open for itself.
  public static func closeAll(but kept: Set<Int32>) {
    guard let directory = opendir("/proc/self/fd") else { return }
    let own = dirfd(directory)
    var found: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let number = Int32(name), number > 2, number != own, !kept.contains(number) { found.append(number) }
    }
    closedir(directory)
    for descriptor in found { close(descriptor) }
  }

  /// Which open file a descriptor of a process leads to, as `pipe:[4711]`; nil when that cannot be seen.
  public static func target(of descriptor: Int32, in process: Int32? = nil) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    let path = "/proc/\(process.map { "\($0)" } ?? "self")/fd/\(descriptor)"
    let count = readlink(path, &buffer, buffer.count - 1)
    return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }
}
