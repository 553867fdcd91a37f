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
    await #expect(throws: LocalAPIFailure("nothing serves /nonexistent/tailscaled.sock")) {
      try await loop.flatSubmit { api.status(peers: false) }.get()
    }
  }

  @Test(
    arguments: [
      (403, "start access denied\n", "it lets only root and its own user write (start access denied)"),
      (500, "", "it answers 500"), (500, "a\nb\n", "a b"),
    ])
  func `a refusal is said in tailscaled's words`(status: UInt, body: String, words: String) {
    #expect(LocalAPI.words(Array(body.utf8), status: status) == words)
  }
}
