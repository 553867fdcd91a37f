import CLinux
import Glibc

/// Opens listening TCP sockets with every option that the accepted ones are to have: Linux passes them on at accept, which saves
/// six system calls for each connection.
enum ListeningSocket {
  /// Connections that wait to be accepted. socat's 5 makes the sixth of a burst wait for a second.
  static let backlog: Int32 = 1024

  /// A listener on `endpoint`, free to be bound while connections of an earlier process still stand. An IPv6 listener takes no IPv4,
  /// so that both families can be given side by side.
  static func open(_ endpoint: Endpoint, deadPeerTimeout: Double) throws(RelayError) -> Int32 {
    let action = "listen on \(endpoint)"
    let descriptor = clinux_tcp_socket(endpoint.family)
    guard descriptor >= 0 else { throw RelayError(action, errno) }
    var address = endpoint.system
    let options =
      clinux_set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) == 0
      && (endpoint.family == AF_INET || clinux_set_option(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) == 0)
    SocketOptions.apply(to: descriptor, deadPeerTimeout: deadPeerTimeout)
    if endpoint.address.isLoopback { SocketOptions.stayOnThisMachine(descriptor) }
    guard options, clinux_bind(descriptor, &address) == 0, Glibc.listen(descriptor, backlog) == 0 else {
      let error = errno
      close(descriptor)
      throw RelayError(action, error)
    }
    return descriptor
  }

  /// Where the listener really listens: the port that the system chose when 0 was asked for.
  static func endpoint(of descriptor: Int32) -> Endpoint? {
    var address = sockaddr_storage()
    return clinux_local_address(descriptor, &address) == 0 ? Endpoint(address) : nil
  }
}

/// The options of both legs of a connection.
enum SocketOptions {
  /// No Nagle delay (socat's costs 40 ms for each pair of requests), and a dead peer noticed after `deadPeerTimeout` seconds:
  /// by keepalive when nothing is on its way, by TCP_USER_TIMEOUT when something is. 0 leaves both to the system.
  static func apply(to descriptor: Int32, deadPeerTimeout: Double) {
    let tcp = Int32(IPPROTO_TCP)
    _ = clinux_set_option(descriptor, tcp, TCP_NODELAY, 1)
    _ = clinux_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    guard deadPeerTimeout > 0 else { return }
    // Half of the time passes before the first question; three questions share the rest.
    _ = clinux_set_option(descriptor, tcp, TCP_KEEPIDLE, max(1, Int32(deadPeerTimeout / 2)))
    _ = clinux_set_option(descriptor, tcp, TCP_KEEPINTVL, max(1, Int32(deadPeerTimeout / 6)))
    _ = clinux_set_option(descriptor, tcp, TCP_KEEPCNT, 3)
    _ = clinux_set_option(descriptor, tcp, TCP_USER_TIMEOUT, Int32(deadPeerTimeout * 1000))
  }

  /// The options of a leg to a gateway on this machine: its kernel tells at once when the peer is gone, and a gateway that reads nothing
  /// for a minute is not dead. Each option left out is a system call less for each connection.
  static func applyOnThisMachine(to descriptor: Int32) {
    _ = clinux_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    stayOnThisMachine(descriptor)
  }

  /// For a leg that does not leave the machine: the plainest congestion control there is, which every kernel has and allows. There is
  /// no network to be careful with, and a system default such as BBR paces what it sends: measured, a third less throughput.
  static func stayOnThisMachine(_ descriptor: Int32) {
    _ = clinux_set_congestion_control(descriptor, "reno")
  }
}
