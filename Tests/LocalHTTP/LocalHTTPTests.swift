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
