import Glibc
import NIOCore
import NIOPosix
import Simulator
import TWSProtocol

/// API clients of the simulated gateway. An input is a line for each request, its fields divided by `|`.
extension Target {
  private static let traderWords = [
    "|", "||||", "\n", "AAPL", "EUR.USD", "STK", "CASH", "SMART", "IDEALPRO", "BUY", "SELL", "LMT", "MKT", "STP",
    "STP LMT", "1 D",
    "1 hour", "30 secs", "TRADES", "MIDPOINT", "20260301 12:00:00 UTC", "DU1234567", "All", "True", "IOC", "GTC", "-1",
    "\n71|2|3||\n",
  ]

  private static let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
  private static let port: UInt16 = {
    let listening = loop.makePromise(of: UInt16.self)
    let started = loop.submit {
      let simulator = Simulator(configuration: Simulator.Configuration(port: 0, seed: 5), loop: loop) { line in
        guard line.hasPrefix("listening on "), let number = line.split(separator: " ")[2].split(separator: ":").last
        else { return }
        listening.succeed(UInt16(number) ?? 0)
      } ended: { _ in
      }
      simulator.start()
      return NIOLoopBound(simulator, eventLoop: loop)
    }
    // The simulator lives as long as the loop.
    _ = try? started.wait()
    return (try? listening.futureResult.wait()) ?? 0
  }()

  /// A simulated gateway survives whatever a client asks, and serves the next one.
  static let trader = Target(name: "trader", words: traderWords, isSlow: true) { input, dice in
    let hello = ClientHello(versions: 157...dice.pick([157, 165, 178, 187])).bytes
    var bytes = hello + StartAPI(clientID: 1 + dice.below(30)).frame
    for line in input.split(separator: 10).prefix(100) {
      let body = line.map { $0 == UInt8(ascii: "|") ? 0 : $0 }
      bytes += Frame.encode(body)
    }
    let answer = try conversation(bytes)
    try expect(answer.count >= 4, "a client's hello is not answered")
    guard dice.chance(10) else { return }
    let good = try conversation(
      ClientHello(versions: 157...178).bytes + StartAPI(clientID: 99).frame, until: "DU1234567")
    try expect(!good.isEmpty, "the next client is not served")
  }

  /// Sends the bytes and ends its side, or waits for a text; returns what came.
  private static func conversation(_ bytes: [UInt8], until text: String? = nil) throws -> [UInt8] {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try expect(connected == 0, "the simulator does not take a connection: \(errno)")
    _ = bytes.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    // Whoever ends with unread bytes resets, and that could overtake the greeting.
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if text == nil && all.count >= 4 { shutdown(client, Int32(SHUT_WR)) }
      var state = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
      try expect(poll(&state, 1, 10_000) == 1, "the simulator neither answers nor ends the connection")
      let count = recv(client, &chunk, chunk.count, 0)
      guard count > 0 else { return all }
      all += chunk[..<count]
      if let text, String(decoding: all, as: UTF8.self).contains(text) { return all }
    }
  }
}
