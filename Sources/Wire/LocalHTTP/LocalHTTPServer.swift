import CLinux
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP/1.1 server on a unix socket for the processes of this program and the person at the keyboard.
///
/// Only root and the user that runs it are admitted (SO_PEERCRED), so that `docker exec` works and a child under another user
/// is kept out. It runs on the event loop it is given and starts no thread.
public struct LocalHTTPServer: Sendable {
  /// Answers one request through `responder`, at once or later, on the server's event loop.
  public typealias Handler = @Sendable (_ request: HTTPRequest, _ responder: HTTPResponder) -> Void

  /// The largest request body that is accepted, in bytes.
  public static let bodyLimit = 64 * 1024
  /// How long a client may take to send one request, and how many clients may be connected at once: when there are more, the one that
  /// has been silent for longest gives way.
  static let requestPatience = TimeAmount.seconds(10)
  static let clientLimit = 128

  /// What listens.
  public let channel: any Channel

  /// Listens on `path`, replacing a socket that an earlier run has left there, with mode 0600.
  public static func start(
    on loop: any EventLoop, path: String, handler: @escaping Handler
  ) -> EventLoopFuture<LocalHTTPServer> {
    do {
      return start(on: loop, listener: try listener(at: path), path: path, handler: handler)
    } catch {
      return loop.makeFailedFuture(error)
    }
  }

  /// A descriptor that listens on `path`, replacing a socket that an earlier run has left there, with mode 0600.
  public static func listener(at path: String) throws -> Int32 {
    let descriptor = clinux_unix_listener(path, 128)
    guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: path) }
    return descriptor
  }

  /// Serves a descriptor that listens on `path` already, and takes it over.
  public static func start(
    on loop: any EventLoop, listener: Int32, path: String, handler: @escaping Handler
  ) -> EventLoopFuture<LocalHTTPServer> {
    let clients = NIOLoopBound(Clients(), eventLoop: loop)
    return ServerBootstrap(group: loop)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard isTrusted(channel), clients.value.admit(channel) else { throw HTTPFailure.refused(path: path) }
          let id = ObjectIdentifier(channel)
          channel.closeFuture.assumeIsolated().whenComplete { _ in clients.value.left(id) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          let server = HTTPServerHandler(handler: handler) { clients.value.hasAsked(id) }
          try channel.pipeline.syncOperations.addHandler(server)
        }
      }
      .withBoundSocket(listener)
      .map { LocalHTTPServer(channel: $0) }
  }

  /// Stops listening. Requests under way are answered.
  public func close() -> EventLoopFuture<Void> { channel.close() }

  /// SO_PEERCRED's answer, `struct ucred`: the pid, uid and gid of who connected.
  private struct PeerCredentials {
    var pid: Int32 = 0
    var uid: UInt32 = .max
    var gid: UInt32 = .max
  }

  private static func isTrusted(_ channel: any Channel) -> Bool {
    guard let provider = channel as? any SocketOptionProvider else { return false }
    let peer = NIOLoopBoundBox(PeerCredentials(), eventLoop: channel.eventLoop)
    let asked: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
      level: .socket, name: .init(rawValue: SO_PEERCRED))
    // On the channel's own loop, as here, the option is read at once.
    asked.whenSuccess { peer.value = $0 }
    return peer.value.uid == 0 || peer.value.uid == geteuid()
  }

  /// Who is connected. Whoever connects and says nothing must not keep others out.
  private final class Clients {
    private var connected = 0
    private var silent: [ObjectIdentifier: any Channel] = [:]
    private var order: [ObjectIdentifier] = []

    func admit(_ channel: any Channel) -> Bool {
      if connected >= clientLimit {
        guard let oldest = order.first(where: { silent[$0] != nil }) else { return false }
        silent[oldest]?.close(promise: nil)
        silent[oldest] = nil
      }
      order.removeAll { silent[$0] == nil }
      connected += 1
      silent[ObjectIdentifier(channel)] = channel
      order.append(ObjectIdentifier(channel))
      return true
    }

    func hasAsked(_ id: ObjectIdentifier) { silent[id] = nil }

    func left(_ id: ObjectIdentifier) {
      silent[id] = nil
      connected -= 1
    }
  }
}
