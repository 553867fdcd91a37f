import Glibc

/// What a process, or the processes of one service together, use of the machine.
public struct ProcessUsage: Sendable, Hashable {
  /// When the first of them was started, in seconds since 1970.
  public let startTime: Double
  /// Processor time in seconds.
  public let cpuSeconds: Double
  /// Memory in use, in bytes. What several processes share counts for each of them.
  public let residentBytes: UInt64

  /// What one process uses by itself; nil when it is not in the table.
  ///
  /// - Parameter bootTime: when the machine was started, in seconds since 1970: `btime` of /proc/stat.
  public init?(process pid: Int32, in table: [ProcessEntry], bootTime: Double) {
    let found = table.filter { $0.pid == pid }
    self.init(found, ticks: found.first?.ticks ?? 0, bootTime: bootTime)
  }

  /// What the session that `leader` leads uses, as every service leads one: all that is left of it, and the time of what has ended
  /// and was collected there. Nil when nothing is left.
  public init?(session leader: Int32, in table: [ProcessEntry], bootTime: Double) {
    let members = table.filter { $0.session == leader }
    self.init(members, ticks: members.reduce(0) { $0 + $1.ticks + $1.ticksOfEndedChildren }, bootTime: bootTime)
  }

  private init?(_ entries: [ProcessEntry], ticks: UInt64, bootTime: Double) {
    guard let first = entries.map(\.startTime).min() else { return nil }
    let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    startTime = bootTime + Double(first) / ticksPerSecond
    cpuSeconds = Double(ticks) / ticksPerSecond
    residentBytes = entries.reduce(0) { $0 + $1.residentPages } * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
