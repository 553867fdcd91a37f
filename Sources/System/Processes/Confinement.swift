import CLinux
import Glibc

/// A fence around a program, by the kernel's Landlock: it and everything that it starts connect by TCP to certain ports only, on
/// whatever address. It may listen and accept as before; UDP and unix sockets are not touched. No privilege is needed.
///
/// tailscaled in userspace mode needs one: it hands whatever arrives from the tailnet to 127.0.0.1, on every port.
public struct Confinement: Sendable, Hashable {
  /// The ports that stay within reach.
  public let ports: [UInt16]

  /// A fence with gates to these ports.
  public init(ports: [UInt16]) { self.ports = ports }

  /// Why this kernel cannot fence a program in, as a clause; nil where it can.
  public static var obstacle: String? {
    let version = clinux_landlock_abi()
    let error = errno
    if version >= CLINUX_LANDLOCK_NETWORK { return nil }
    if version >= 0 {
      return "this kernel's Landlock is version \(version), and rules for TCP begin with 4, in Linux 6.7"
    }
    return switch error {
    case ENOSYS: "this kernel was built without Landlock"
    case EOPNOTSUPP: "Landlock is switched off on this kernel's command line (lsm=)"
    case EPERM: "the container's seccomp profile forbids Landlock; Docker's own allows it from 20.10.10 on"
    default: "Landlock cannot be had: \(describe(errno: error))"
    }
  }

  /// Fences this process in, for good. Nil when that is done, else why not, as a clause.
  public func enter() -> String? {
    clinux_landlock_connect_only(ports, Int32(ports.count)) == 0
      ? nil : "the kernel refused the rules: \(describe(errno: errno))"
  }
}

extension Ourselves {
  /// Becomes a program, found as a shell would find it: same process, same environment, same descriptors. It returns only when that
  /// failed, with the errno value. `words` holds the program and its arguments.
  public static func become(_ words: [String]) -> Int32 {
    withCStrings(words) { argv in
      guard let program = argv[0] else { return EINVAL }
      execvp(program, argv)
      return errno
    }
  }
}
