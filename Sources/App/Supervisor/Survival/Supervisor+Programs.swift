import Glibc
import Lifecycle
import Processes
import Survival

/// The processes of our own program that an upgrade has left behind.
extension Supervisor {
  /// What the status says of such a process.
  public static let outdated = "runs an older program; ibgw restart takes the new one"

  /// The services of ours whose program is another file than this one.
  func findOutdated() -> Set<ServiceName> {
    guard let ours = Self.file(of: "self") else { return [] }
    let own = children.values.filter { child in
      child.isService && definition(child.name)?.isOwnProgram == true
    }
    return Set(own.filter { child in Self.file(of: "\(child.pid)").map { $0 != ours } ?? false }.map(\.name))
  }

  /// Restarts what nobody is connected to. The relay is left to the user.
  func restartOutdated() {
    outdatedServices = findOutdated()
    for name in outdatedServices where name != "relay" {
      say(.info, name.text, "is restarted with the new program")
      if case .success(let actions) = lifecycle.order(.restart, name, at: now) { carryOut(actions) }
    }
  }

  /// Puts that into a report.
  func sayOutdated(in report: inout StatusReport) {
    guard !outdatedServices.isEmpty else { return }
    outdatedServices.formIntersection(findOutdated())
    for index in report.services.indices where outdatedServices.contains(ServiceName(report.services[index].name)) {
      report.services[index].why = Self.outdated
    }
  }

  /// A process's program, as the device and the file's number.
  private static func file(of process: String) -> [UInt64]? {
    var status = stat()
    return stat("/proc/\(process)/exe", &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
  }
}

extension ServiceDefinition {
  /// Whether it is a subcommand of this program.
  var isOwnProgram: Bool { command.program == Self.ownProgram }

  /// This program's own file, whatever has become of its path.
  public static let ownProgram = "/proc/self/exe"
}
