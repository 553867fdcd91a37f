import Metrics
import Processes

/// What our processes use. `process` is `supervisor` or the name of a service, with everything that the service has started.
enum ProcessMetrics {
  static let memory = Metric(
    "ibgw_process_resident_memory_bytes", .gauge, unit: "bytes", labels: ["process"], help: "Memory in use.")
  static let cpu = Metric(
    "ibgw_process_cpu_seconds", .counter, unit: "seconds", labels: ["process"], help: "Processor time used.")
  static let start = Metric(
    "ibgw_process_start_time_seconds", .gauge, unit: "seconds", labels: ["process"],
    help: "When the process was started, since 1970.")

  static let all = [memory, cpu, start]

  static func families(_ snapshot: Snapshot) -> [MetricFamily] {
    var (memory, cpu, start) = (MetricFamily(memory), MetricFamily(cpu), MetricFamily(start))
    for (process, usage) in snapshot.usages {
      memory.add(Double(usage.residentBytes), process)
      cpu.add(usage.cpuSeconds, process)
      start.add(usage.startTime, process)
    }
    return [memory, cpu, start]
  }
}
