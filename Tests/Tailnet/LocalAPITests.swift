import NIOCore
import NIOPosix
import Testing

@testable import LocalHTTP
@testable import Tailnet

struct LocalAPITests {
  @Test func `a daemon that is not there is said with its socket`() async throws {
    let api = LocalAPI(socket: "/nonexistent/tailscaled.sock", on: MultiThreadedEventLoopGroup.singleton.any())
    await #expect(throws: HTTPFailure.notServed(path: "/nonexistent/tailscaled.sock")) {
      try await api.request("GET", "status?peers=false").get()
    }
  }
}
