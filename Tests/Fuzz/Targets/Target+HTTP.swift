import Glibc
import LocalHTTP
import NIOCore
import NIOPosix

/// HTTP on real unix sockets, from both sides.
extension Target {
  private static let httpWords = [
    "GET / HTTP/1.1\r\n", "POST /v1/observations HTTP/1.1\r\n", "HEAD /v1/status HTTP/1.1\r\n", "Host: x\r\n",
    "\r\n\r\n", "\r\n",
    "Content-Length: 5\r\n", "Content-Length: 99999999999\r\n", "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n", "0\r\n\r\n", "FFFFFFFFFFFFFFFF\r\n", "Expect: 100-continue\r\n",
    "Upgrade: websocket\r\nConnection: upgrade\r\n",
    "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 \r\n", "Connection: close\r\n", "?a=b&c=%zz",
    "%+1", "%00",
  ]

  /// The event loop is a thread of its own here, so that the test's side may block.
  private static let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
  private static let path = "/tmp/fuzz-\(getpid()).sock"
  private static let patience: Int32 = 10_000

  private static let answering: Void = {
    let started = loop.flatSubmit {
      LocalHTTPServer.start(on: loop, path: path) { request, responder in
        let query = request.query.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "&")
        responder.respond(.text(200, "\(request.method) \(request.path) \(query) \(request.body.count)"))
      }
    }
    _ = try? started.wait()
  }()

  /// A server takes whatever comes, ends the connection, and serves the next one.
  static let server = Target(name: "server", words: httpWords, isSlow: true) { input, dice in
    _ = answering
    let answer = try exchanged(dice.pieces(of: input), endsSending: true)
    try expect(answer.isEmpty || answer.starts(with: "HTTP/1.1 ".utf8), "an answer that is no HTTP")
    guard dice.chance(20) else { return }

    let limit = LocalHTTPServer.bodyLimit
    let body = [UInt8](repeating: 65, count: dice.pick([0, 1, 1000, limit, limit + 1, 5 * limit]))
    let request = Array("POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    let pieces = body.count > 1000 ? [request[...]] : dice.pieces(of: request)
    let whole = String(decoding: try exchanged(pieces, endsSending: false), as: UTF8.self)
    if body.count > limit {
      // What is sent after the refusal may cut it off.
      return try expect(whole.isEmpty || whole.hasPrefix("HTTP/1.1 413 "), "a body that is too long is taken")
    }
    try expect(
      whole.hasPrefix("HTTP/1.1 200 ") && whole.hasSuffix("POST /a/b c=d \(body.count)\n"),
      "a good request is not answered")
  }

  /// Sends the pieces and returns all that is answered until the server ends the connection.
  private static func exchanged(_ pieces: [ArraySlice<UInt8>], endsSending: Bool) throws -> [UInt8] {
    let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    try expect(withAddress(path) { connect(client, $0, $1) } == 0, "the server does not take a connection: \(errno)")
    for piece in pieces where !sent(piece, to: client) { break }
    if endsSending { shutdown(client, Int32(SHUT_WR)) }
    return try received(from: client)
  }

  /// A client takes whatever a server answers, and comes to an end.
  static let client = Target(name: "client", words: httpWords, isSlow: true) { input, dice in
    let path = "/tmp/fuzz-\(getpid())-peer.sock"
    unlink(path)
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(listener)
      unlink(path)
    }
    try expect(withAddress(path) { bind(listener, $0, $1) } == 0 && listen(listener, 4) == 0, "cannot listen")
    let answer = loop.flatSubmit {
      LocalHTTPClient.request("POST", "/v1/x?y=z", body: [1, 2, 3], path: path, on: loop, timeout: .seconds(10))
    }
    let peer = accept(listener, nil, nil)
    defer { close(peer) }
    try expect(peer >= 0, "nobody connects")
    for piece in dice.pieces(of: input) where !sent(piece, to: peer) { break }
    shutdown(peer, Int32(SHUT_WR))
    do {
      let response = try answer.wait()
      try expect(response.body.count <= input.count, "the answer is longer than what was sent")
    } catch let failure as HTTPFailure {
      try expect(failure != .timedOut(path: path), "the client waits for a peer that is gone")
    }
  }

  // MARK: Sockets

  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(100)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  private static func sent(_ piece: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var rest = piece
    while !rest.isEmpty {
      var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&state, 1, patience) == 1 else { return false }
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      if count < 0 && errno == EAGAIN { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func received(from descriptor: Int32) throws -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      try expect(poll(&state, 1, patience) == 1, "the server neither answers nor ends the connection")
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { return all }
      all += chunk[..<count]
    }
  }

  // MARK: What a request asks for

  static let query = Target(name: "query", words: httpWords + ["?", "&", "=", "%", "%41", "%2", "+"]) { input, _ in
    let target = String(decoding: input, as: UTF8.self)
    let request = HTTPRequest(method: "GET", target: target)
    try expect(target.hasPrefix(request.path) && !request.path.contains("?"), "a path that is not in the request")
    for (name, value) in request.query where !target.contains("%") {
      try expect(target.contains(name) && target.contains(value), "a query that is not in the request")
    }
    // Every byte percent-encoded comes back as it was.
    let hex = Array("0123456789ABCDEF".utf8)
    let encoded = input.flatMap { [UInt8(ascii: "%"), hex[Int($0 >> 4)], hex[Int($0 & 15)]] }
    let again = HTTPRequest(method: "GET", target: "/?\(String(decoding: encoded, as: UTF8.self))=1")
    try expect(input.isEmpty || again.query[target] == "1", "a percent-encoded name is read as another one")
    let signed = HTTPRequest(method: "GET", target: "/?%+1=%-1").query
    try expect(signed == ["%+1": "%-1"], "a sign passes for a hexadecimal digit")
  }
}
