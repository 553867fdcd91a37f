import ArgumentParser
import Glibc
import Processes

/// `ibgw confine`: what tailscaled is started through.
struct ConfineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confine",
    abstract: "Becomes a program that can connect by TCP to certain ports only.",
    discussion: """
      The kernel's Landlock holds the program and everything that it starts to that, on every address; what it listens on, and \
      UDP, stay as they are. The program's own exit code is what it ends with; 126 means that it could not be executed, 127 that \
      there is none, 69 that --require was given and this kernel cannot do it.
      """,
    shouldDisplay: false)

  @Option(name: .customLong("tcp-connect"), help: "The ports, with commas.")
  var ports: PortList
  @Flag(help: "Do not start the program on a kernel that cannot confine it; without this it is started as it is.")
  var require = false
  @Argument(parsing: .postTerminator, help: "After --, the program and its arguments.")
  var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("name the program after --") }
  }

  func run() throws {
    let name = command[0]
    if let why = Confinement.obstacle ?? Confinement(ports: ports.ports).enter() {
      guard !require else {
        printError("cannot confine \(name): \(why); use a newer kernel, or start it without --require")
        leave(ExitStatus.unavailable)
      }
      printError("\(name) is started without confinement: \(why)")
    }
    let error = Ourselves.become(command)
    printError("cannot start \(name): \(describe(errno: error)); install it, or mend PATH")
    leave(error == ENOENT ? 127 : 126)
  }
}

/// A `--tcp-connect` argument.
struct PortList: ExpressibleByArgument {
  let ports: [UInt16]

  init?(argument: String) {
    let ports = argument.split(separator: ",", omittingEmptySubsequences: false).map { UInt16($0) }
    guard !ports.isEmpty, !ports.contains(where: { $0 == nil || $0 == 0 }) else { return nil }
    self.ports = ports.compactMap(\.self)
  }
}
