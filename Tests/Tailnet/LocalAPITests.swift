import NIOCore
import NIOPosix
import Testing

@testable import LocalHTTP
@testable import Tailnet

struct LocalAPITests {
  @Test func `a daemon that is not there is said with its socket`() async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let api = LocalAPI(socket: "/nonexistent/tailscaled.sock", on: loop)
    await #expect(throws: HTTPFailure.notServed(path: "/nonexistent/tailscaled.sock")) {
      try await loop.flatSubmit { api.request("GET", "status?peers=false") }.get()
    }
  }
}
