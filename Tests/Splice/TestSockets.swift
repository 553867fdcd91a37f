import CLinux
import Glibc
import Synchronization
import Testing

@testable import Splice

/// A blocking client or server connection with a deadline on every read, so that a fault ends a test instead of hanging it.
final class TestConnection: Sendable {
  private let descriptor: Mutex<Int32>
  /// The errno value of a send that failed: the kernel reports a reset once, to whichever call comes first.
  private let sendError = Mutex<Int32>(0)

  init(descriptor: Int32) {
    self.descriptor = Mutex(descriptor)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  convenience init(to endpoint: Endpoint) throws(RelayError) {
    let descriptor = socket(endpoint.family, Int32(SOCK_STREAM.rawValue), 0)
    var address = endpoint.system
    guard clinux_connect(descriptor, &address) == 0 else {
      let error = errno
      Glibc.close(descriptor)
      throw RelayError("connect to \(endpoint)", error)
    }
    self.init(descriptor: descriptor)
  }

  deinit { close() }

  var raw: Int32 { descriptor.withLock { $0 } }

  var localPort: UInt16 { ListeningSocket.endpoint(of: raw)?.port ?? 0 }

  /// Sends all bytes; false when the peer does not take them.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else {
        sendError.withLock { $0 = errno == EPIPE ? ECONNRESET : errno }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// The next bytes: empty at the end of the stream, nil after an error or ten silent seconds; `lastError` tells which.
  func receive(atMost count: Int = 65_536) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: count)
    let got = recv(raw, &buffer, count, 0)
    return got < 0 ? nil : Array(buffer.prefix(got))
  }

  /// Exactly so many bytes, or what came before the end.
  func receive(exactly count: Int) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count, let part = receive(atMost: count - all.count), !part.isEmpty { all += part }
    return all
  }

  /// Everything up to the end of the stream; nil when it ended with an error.
  func receiveToEnd() -> [UInt8]? {
    var all: [UInt8] = []
    while let part = receive() {
      if part.isEmpty { return all }
      all += part
    }
    return nil
  }

  /// The errno value of the send that has failed or of the next read that fails; 0 at the regular end of the stream.
  func failure() -> Int32 {
    while true {
      let earlier = sendError.withLock { $0 }
      if earlier != 0 { return earlier }
      errno = 0
      guard let part = receive() else { return errno }
      if part.isEmpty { return 0 }
    }
  }

  func endStream() { shutdown(raw, Int32(SHUT_WR)) }

  func reset() {
    descriptor.withLock { descriptor in
      clinux_close_with_reset(descriptor)
      descriptor = -1
    }
  }

  func close() {
    descriptor.withLock { descriptor in
      if descriptor >= 0 { Glibc.close(descriptor) }
      descriptor = -1
    }
  }
}

/// A gateway's stand-in on a free port: `serve` runs on a thread of its own for each connection.
final class TestGateway: Sendable {
  let endpoint: Endpoint
  private let listener: Mutex<Int32>

  init(
    on endpoint: Endpoint = Endpoint(IPAddress(v4: 0x7f00_0001), 0), serve: @escaping @Sendable (TestConnection) -> Void
  ) throws {
    let descriptor = try ListeningSocket.open(endpoint, deadPeerTimeout: 0)
    // The relay's listeners do not block; an accepting thread does.
    _ = fcntl(descriptor, F_SETFL, 0)
    listener = Mutex(descriptor)
    self.endpoint = try #require(ListeningSocket.endpoint(of: descriptor))
    TestThread.start {
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else {
          // Closed here alone: its number must not be another test's while this thread may still accept on it.
          Glibc.close(descriptor)
          return
        }
        let connection = TestConnection(descriptor: client)
        TestThread.start { serve(connection) }
      }
    }
  }

  /// Answers with what it gets, and ends when the client does.
  static func echo() throws -> TestGateway {
    try TestGateway { connection in
      while let bytes = connection.receive(), !bytes.isEmpty { connection.send(bytes) }
      connection.close()
    }
  }

  func close() {
    listener.withLock { descriptor in
      guard descriptor >= 0 else { return }
      shutdown(descriptor, Int32(SHUT_RDWR))
      descriptor = -1
    }
  }

  deinit { close() }
}

/// A thread that runs a closure.
enum TestThread {
  private final class Work {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(run))
    let error = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    precondition(error == 0)
    pthread_detach(thread)
  }
}
