import CLinux
import Glibc

/// One row of /proc.
public struct ProcessEntry: Sendable, Hashable {
  /// Its process id.
  public let pid: Int32
  /// Its parent.
  public let parent: Int32
  /// Its process group.
  public let group: Int32
  /// Its session.
  public let session: Int32
  /// The state letter, `Z` for one that has ended and is not collected.
  public let state: UInt8
  /// When it was started, in clock ticks after boot: with the pid it names a process for good.
  public let startTime: UInt64
  /// The processor time that it has used itself, in clock ticks.
  public let ticks: UInt64
  /// The processor time of its children that have ended and that it has collected, in clock ticks.
  public let ticksOfEndedChildren: UInt64
  /// The memory that it has in use, in pages.
  public let residentPages: UInt64

  /// Reads a line of /proc/PID/stat; nil when it is not one. The command in its parentheses may hold any character.
  public init?(stat line: some Collection<UInt8>) {
    let bytes = Array(line)
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
      open < close, let pid = Int32(String(decoding: bytes[..<open], as: UTF8.self).filter { $0 != " " })
    else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
    func number<Number: FixedWidthInteger>(_ place: Int) -> Number? {
      Number(String(decoding: fields[place], as: UTF8.self))
    }
    guard fields.count >= 22, let state = fields[0].first, let parent: Int32 = number(1),
      let group: Int32 = number(2), let session: Int32 = number(3), let startTime: UInt64 = number(19),
      let user: UInt64 = number(11), let system: UInt64 = number(12), let childrenUser: UInt64 = number(13),
      let childrenSystem: UInt64 = number(14), let pages: UInt64 = number(21)
    else { return nil }
    (self.pid, self.parent, self.group, self.session) = (pid, parent, group, session)
    (self.state, self.startTime) = (state, startTime)
    (ticks, ticksOfEndedChildren, residentPages) = (user &+ system, childrenUser &+ childrenSystem, pages)
  }
}

/// The processes that this one can see.
public enum ProcessTable {
  /// Every process that could be read.
  public static func all() -> [ProcessEntry] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var entries: [ProcessEntry] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let pid = Int32(name), let found = self.entry(of: pid) { entries.append(found) }
    }
    return entries
  }

  /// One process; nil when it is gone.
  public static func entry(of pid: Int32) -> ProcessEntry? {
    let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = read(file, &buffer, buffer.count)
    return count > 0 ? ProcessEntry(stat: buffer[..<count]) : nil
  }

  /// Everything below this process, however deep, itself not included.
  public static func descendants(of ancestor: Int32) -> [ProcessEntry] {
    let children = Dictionary(grouping: all(), by: \.parent)
    var found: [ProcessEntry] = []
    var pending = [ancestor]
    while let parent = pending.popLast() {
      for child in children[parent] ?? [] where child.pid != parent {
        found.append(child)
        pending.append(child.pid)
      }
    }
    return found
  }
}
