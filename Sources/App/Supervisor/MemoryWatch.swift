import Files
import Lifecycle

/// How many processes of the container the kernel has ended for want of memory, by the control group's own count.
struct MemoryWatch {
  private let path: String?
  private var count: Int

  /// Counts from now on.
  init(groups: String = "/proc/self/cgroup", root: String = "/sys/fs/cgroup") {
    let places = Self.places(in: (try? FileSystem.readText(groups, limit: 1 << 16)) ?? "", below: root)
    path = places.first { FileSystem.kind(of: $0) == .file }
    count = path.flatMap(Self.read) ?? 0
  }

  /// How many were ended since this was last asked.
  mutating func killed() -> Int {
    guard let path, let now = Self.read(path) else { return 0 }
    defer { count = now }
    return max(0, now - count)
  }

  /// Where the count may stand: `memory.events` of version 2, `memory.oom_control` of version 1; of the own group, which inside a
  /// container is often shown as the root.
  private static func places(in groups: String, below root: String) -> [String] {
    var own: [String] = []
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if fields[1].isEmpty { own.append("\(root)\(fields[2])/memory.events") }
      if fields[1].split(separator: ",").contains("memory") {
        own.append("\(root)/memory\(fields[2])/memory.oom_control")
      }
    }
    return own + ["\(root)/memory.events", "\(root)/memory/memory.oom_control"]
  }

  /// The number behind `oom_kill`.
  private static func read(_ path: String) -> Int? {
    guard let text = try? FileSystem.readText(path, limit: 1 << 16) else { return nil }
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) }
    }
    return nil
  }
}

extension Supervisor {
  /// Something was killed, and not by us alone: whether the kernel did it.
  func sayMemory() {
    let killed = memoryWatch.killed()
    guard killed > 0 else { return }
    let what = killed == 1 ? "a process" : "\(killed) processes"
    say(
      .error, "ibgw",
      "the kernel has killed \(what) of this container for want of memory (OOM): give it more memory, or lower JAVA_HEAP_SIZE"
    )
  }
}
