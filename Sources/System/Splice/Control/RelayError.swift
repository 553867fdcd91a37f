import Glibc

/// Why the relay could not do something. Its description is one sentence.
public struct RelayError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was tried, such as `listen on 0.0.0.0:4003`.
  public let action: String
  /// The errno value.
  public let error: Int32

  init(_ action: String, _ error: Int32) {
    self.action = action
    self.error = error
  }

  /// The sentence, with a fix where the error has a usual one.
  public var description: String {
    let why =
      switch error {
      case EADDRINUSE: "another program listens there; stop it, or use another port"
      case EADDRNOTAVAIL: "this machine does not have the address (yet)"
      case EACCES: "this user may not use the port; use one above 1023"
      case EMFILE, ENFILE: "no file descriptor is left; raise the limit (ulimits: nofile)"
      case EAFNOSUPPORT: "this machine has no IPv6; use an IPv4 address"
      default: String(cString: strerror(error))
      }
    return "cannot \(action): \(why)"
  }
}
