import Glibc
import LocalHTTP
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import WebService

/// The service in a run directory of its own, and stand-ins for the processes that it asks, on their real sockets.
final class Site: Sendable {
  let directory = TemporaryDirectory()
  let loop: any EventLoop
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let service: NIOLoopBoundBox<WebService?>

  init() throws {
    signal(SIGPIPE, SIG_IGN)
    loop = group.next()
    service = try loop.submit { [loop] in NIOLoopBoundBox<WebService?>(nil, eventLoop: loop) }.wait()
    let (service, loop, path) = (service, loop, directory.path)
    try loop.submit { service.value = WebService(runDirectory: path, on: loop) }.wait()
  }

  deinit {
    let service = service
    try? loop.submit { service.value = nil }.wait()
    try? group.syncShutdownGracefully()
  }

  /// Serves a stand-in's socket.
  func serve(_ peer: Peer, _ handler: @escaping LocalHTTPServer.Handler) throws {
    let (loop, path) = (loop, peer.socket(in: directory.path))
    _ = try loop.flatSubmit { LocalHTTPServer.start(on: loop, path: path, handler: handler) }.wait()
  }

  /// Serves a stand-in that answers everything in the same way.
  func serve(_ peer: Peer, answering status: Int, _ body: String) throws {
    try serve(peer) { _, responder in responder.respond(HTTPResponse(status: status, body: Array(body.utf8))) }
  }

  /// The service's answer to a request.
  func ask(_ target: String, method: String = "GET", headers: [String: String] = [:]) throws -> Answer {
    Answer(try begin(target, method: method, headers: headers).wait())
  }

  /// The service's answer to a request, to come.
  func begin(
    _ target: String, method: String = "GET", headers: [String: String] = [:]
  ) -> EventLoopFuture<HTTPResponse> {
    let service = service
    return loop.flatSubmit {
      service.value!.answer(HTTPRequest(method: method, target: target, headers: headers))
    }
  }
}

/// An answer as text.
struct Answer: Equatable {
  let status: Int
  let contentType: String
  let body: String

  init(_ response: HTTPResponse) {
    status = response.status
    contentType = response.contentType
    body = String(decoding: response.body, as: UTF8.self)
  }
}
