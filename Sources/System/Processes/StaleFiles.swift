import Glibc

/// A unix socket and the files beside it that a server which was killed leaves behind, and that keep the next one from starting.
public struct StaleFiles: Sendable, Hashable {
  /// The socket.
  public var socket: String
  /// The other files, such as a lock.
  public var companions: [String]

  /// The files of one server.
  public init(socket: String, companions: [String]) {
    self.socket = socket
    self.companions = companions
  }

  /// Removes them, unless a server still accepts on the socket: then it is somebody's, and the new one's own error says so.
  public func remove() {
    guard !isServed else { return }
    for path in [socket] + companions { unlink(path) }
  }

  private var isServed: Bool {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard socket.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }
}
