import Glibc
import LocalHTTP
import NIOCore
import NIOPosix
import Testing

/// A server on a socket of its own, and a loop to talk to it from.
private func withServer<Value: Sendable>(
  _ handler: @escaping LocalHTTPServer.Handler,
  _ body: @escaping @Sendable (String, any EventLoop) -> EventLoopFuture<Value>
) throws -> Value {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let path = "/tmp/ibgw-http-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
  defer {
    unlink(path)
    try? group.syncShutdownGracefully()
  }
  let loop = group.next()
  let server = try loop.flatSubmit { LocalHTTPServer.start(on: loop, path: path, handler: handler) }.wait()
  let value = try loop.flatSubmit { body(path, loop) }.wait()
  try server.close().wait()
  return value
}

@Suite struct LocalHTTPTests {
  @Test func `a request arrives with its method, path, query and body, and its answer comes back whole`() throws {
    let answer = try withServer({ request, responder in
      let text =
        "\(request.method) \(request.path) \(request.query["id"] ?? "-") \(String(decoding: request.body, as: UTF8.self))"
      responder.respond(.text(201, text))
    }) { path, loop in
      LocalHTTPClient.request("POST", "/v1/kick?id=a%20b", body: Array("hello".utf8), path: path, on: loop)
    }
    #expect(answer.status == 201)
    #expect(String(decoding: answer.body, as: UTF8.self) == "POST /v1/kick a b hello\n")
  }

  @Test func `a request's headers arrive, whatever the case of their names`() throws {
    let answer = try withServer({ request, responder in
      responder.respond(.text(200, "\(request.headers["host"] ?? "-") \(request.headers["Host"] ?? "-")"))
    }) { path, loop in
      LocalHTTPClient.request("GET", "/", host: "gateway", path: path, on: loop)
    }
    #expect(String(decoding: answer.body, as: UTF8.self) == "gateway -\n")
  }

  @Test func `an answer of a megabyte arrives whole`() throws {
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let answer = try withServer({ _, responder in responder.respond(HTTPResponse(status: 200, body: bytes)) }) {
      LocalHTTPClient.request("GET", "/", path: $0, on: $1)
    }
    #expect(answer.body == bytes)
  }

  @Test func `parts that are streamed arrive until the server ends the answer`() throws {
    let seen = try withServer({ _, responder in
      responder.begin(status: 200, contentType: "text/plain")
      responder.write(Array("one ".utf8))
      responder.write(Array("two".utf8))
      responder.finish()
    }) { path, loop in
      LocalHTTPClient.request("GET", "/", path: path, on: loop)
    }
    #expect(String(decoding: seen.body, as: UTF8.self) == "one two")
  }

  @Test func `a body over the limit is answered with 413`() throws {
    let answer = try withServer({ _, responder in responder.respond(.text(200, "taken")) }) { path, loop in
      LocalHTTPClient.request(
        "POST", "/", body: Array(repeating: 65, count: LocalHTTPServer.bodyLimit + 1), path: path, on: loop)
    }
    #expect(answer.status == 413)
  }

  @Test func `a socket that nobody serves is told apart from an answer that does not come`() throws {
    #expect(throws: HTTPFailure.notServed(path: "/tmp/ibgw-nobody.sock")) {
      try withServer({ _, _ in }) { _, loop in
        LocalHTTPClient.request("GET", "/", path: "/tmp/ibgw-nobody.sock", on: loop)
      }
    }
    let failure = #expect(throws: HTTPFailure.self) {
      try withServer({ _, _ in }) { path, loop in
        LocalHTTPClient.request("GET", "/", path: path, on: loop, timeout: .milliseconds(50))
      }
    }
    if case .timedOut = failure {} else { Issue.record("expected a time-out, got \(String(describing: failure))") }
  }

  @Test func `a server that has not come to accept is waited for, and said to be late rather than gone`() throws {
    let queue = try FullQueue()
    defer { queue.close() }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let (path, loop) = (queue.path, group.next())
    let ask: @Sendable (TimeAmount) -> EventLoopFuture<HTTPResponse> = { timeout in
      loop.flatSubmit { LocalHTTPClient.request("GET", "/", path: path, on: loop, timeout: timeout) }
    }
    #expect(throws: HTTPFailure.timedOut(path: path)) { try ask(.milliseconds(50)).wait() }
    let request = ask(.seconds(30))
    queue.acceptTheFirst()
    try queue.answerTheSecond("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(try request.wait().status == 204)
  }

  @Test func `the socket's file is for its owner alone`() throws {
    let mode = try withServer({ _, responder in responder.respond(.text(200, "")) }) { path, loop in
      LocalHTTPClient.request("GET", "/", path: path, on: loop).map { _ in
        var status = stat()
        stat(path, &status)
        return status.st_mode & 0o777
      }
    }
    #expect(mode == 0o600)
  }
}

/// A listening socket whose queue, of one connection, is full.
private struct FullQueue {
  let path = "/tmp/ibgw-queue-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
  private let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  private let first = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)

  init() throws {
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let isReady = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        return bind(listener, address, size) == 0 && listen(listener, 0) == 0 && connect(first, address, size) == 0
      }
    }
    try #require(isReady)
  }

  /// Makes room for one more.
  func acceptTheFirst() { _ = Glibc.close(accept(listener, nil, nil)) }

  /// Waits for the connection that comes next, reads what it asks, and answers.
  func answerTheSecond(_ answer: String) throws {
    let connection = accept(listener, nil, nil)
    try #require(connection >= 0, "nobody came within 30 s")
    defer { _ = Glibc.close(connection) }
    var request = [UInt8](repeating: 0, count: 4096)
    try #require(read(connection, &request, request.count) > 0)
    try #require(write(connection, answer, answer.utf8.count) > 0)
  }

  func close() {
    for descriptor in [listener, first] { _ = Glibc.close(descriptor) }
    unlink(path)
  }
}
