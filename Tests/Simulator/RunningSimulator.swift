import Glibc
import NIOCore
import NIOPosix
import TWSProtocol

@testable import Simulator

/// A simulated gateway on a loop of its own, listening on a free port.
final class RunningSimulator: Sendable {
  let port: Int
  let reports: AsyncStream<String>
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let simulator: NIOLoopBound<Simulator>
  private let endings: AsyncStream<Simulator.Ending>

  /// - Parameter waits: whether to return only once it listens.
  init(mode: String = "paper", faults: [String] = [], waits: Bool = true) async throws {
    let (reports, report) = AsyncStream<String>.makeStream()
    let (endings, end) = AsyncStream<Simulator.Ending>.makeStream()
    let faults = try faults.map { try Fault(text: $0) }
    let loop = group.next()
    simulator = try await loop.submit {
      let configuration = Simulator.Configuration(
        port: 0, mode: mode == "paper" ? .paper : .live, seed: 5, faults: faults)
      let simulator = Simulator(
        configuration: configuration, loop: loop, report: { report.yield($0) }, ended: { end.yield($0) })
      simulator.start()
      return NIOLoopBound(simulator, eventLoop: loop)
    }.get()
    self.reports = reports
    self.endings = endings
    port = waits ? await Self.listening(reports) : 0
  }

  /// Waits until it listens, and returns the port.
  static func listening(_ reports: AsyncStream<String>) async -> Int {
    for await line in reports where line.hasPrefix("listening") {
      return Int(line.split(separator: " ")[2].split(separator: ":")[1]) ?? 0
    }
    return 0
  }

  /// Carries out a line of the control socket.
  func perform(_ line: String) async throws -> String {
    let simulator = simulator
    return try await group.next().submit { simulator.value.perform(line: line) }.get()
  }

  func stop() async throws -> Simulator.Ending? {
    let simulator = simulator
    try await group.next().submit { simulator.value.stop() }.get()
    var ending: Simulator.Ending?
    for await next in endings {
      ending = next
      break
    }
    try await group.shutdownGracefully()
    return ending
  }
}

/// A client on a plain socket. Every wait has a deadline of a minute.
final class RawClient {
  struct TimedOut: Error {}
  struct Refused: Error {}

  private let descriptor: CInt
  private var decoder = FrameDecoder()

  /// - Parameter window: how many bytes the kernel may keep for it to read; nil for the usual.
  init(port: Int, window: CInt? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var window {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<CInt>.size))
    }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { throw Refused() }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ kind: RequestKind, _ fields: String...) {
    var writer = FieldWriter(kind)
    for field in fields { writer.add(field) }
    send(writer.frame())
  }

  /// The next message's body, or nil at the end of the stream.
  func receive() throws -> [UInt8]? {
    while true {
      if let body = try decoder.next() { return body }
      var bytes = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &bytes, bytes.count, 0)
      if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
      if count < 0 { throw TimedOut() }
      decoder.append(bytes.prefix(count))
    }
  }

  /// Whether anything comes within a moment. For what must stay silent.
  func hearsSomething(within milliseconds: CInt) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) > 0
  }

  /// Says hello, and returns the version in force; nil where the connection is closed instead.
  func greet(_ versions: ClosedRange<Int> = 157...178) throws -> Int? {
    send(ClientHello(versions: versions).bytes)
    return try receive().flatMap { ServerGreeting(body: $0)?.version }
  }

  /// Everything up to serving. Returns the messages up to the next valid id; shorter where the connection is closed instead.
  func start(_ clientID: Int) throws -> [ServerMessage] {
    guard let version = try greet() else { return [] }
    send(StartAPI(clientID: clientID).frame)
    var messages: [ServerMessage] = []
    while let body = try receive() {
      let message = try ServerMessage(body: body, version: version)
      messages.append(message)
      if case .nextValidID = message { break }
    }
    return messages
  }

  /// The next message that is no notice about a farm.
  func next() throws -> ServerMessage? {
    while let body = try receive() {
      let message = try ServerMessage(body: body, version: 178)
      if case .error(let error) = message, error.connectivity == .farmConnected { continue }
      return message
    }
    return nil
  }
}
