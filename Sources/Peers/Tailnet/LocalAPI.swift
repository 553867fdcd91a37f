import LocalHTTP
import NIOCore

/// tailscaled's LocalAPI, as measured on v1.102: HTTP/1.1 on a unix socket. Root and the daemon's own user may write, anyone may read.
public struct LocalAPI: Sendable {
  /// Where the `tailscale` command looks for the daemon.
  public static let defaultSocket = "/var/run/tailscale/tailscaled.sock"
  /// The daemon takes no request that names another host.
  static let host = "local-tailscaled.sock"

  /// The daemon's socket.
  public let socket: String
  let loop: any EventLoop

  /// The daemon on `socket`; every answer comes on `loop`.
  public init(socket: String = LocalAPI.defaultSocket, on loop: any EventLoop) {
    self.socket = socket
    self.loop = loop
  }

  /// Asks `target`, such as `status?peers=false`, and completes with the answer whatever its status, or fails with an `HTTPFailure`.
  public func request(
    _ method: String, _ target: String, body: [UInt8] = [], timeout: TimeAmount = .seconds(5)
  ) -> EventLoopFuture<HTTPResponse> {
    LocalHTTPClient.request(
      method, "/localapi/v0/\(target)", body: body, host: Self.host, path: socket, on: loop, timeout: timeout)
  }
}
