import FoundationEssentials
import Glibc
import LocalHTTP
import NIOCore
import NIOPosix
import Testing

@testable import RelayService
@testable import Splice

/// The control plane on a loop, with a relay that has no gateway.
@Suite struct RelayAPITests {
  private struct Answer: Sendable {
    let status: Int
    let body: String
    var message: String { (try? JSONDecoder().decode(RelayAnswer.self, from: Data(body.utf8)))?.message ?? body }
  }

  /// Puts requests to a service, one after the other.
  private func ask(_ requests: [HTTPRequest]) async throws -> [Answer] {
    signal(SIGPIPE, SIG_IGN)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let promise = loop.makePromise(of: [Answer].self)
    loop.execute {
      do {
        var configuration = RelayServiceConfiguration(routes: [
          .init(
            name: "live", listen: [Endpoint(IPAddress(v4: 0x7f00_0001), 0)],
            upstream: Endpoint(IPAddress(v4: 0x7f00_0001), 1))
        ])
        configuration.drainTime = 0.2
        let service = try RelayService(configuration, on: loop, say: { _ in })
        service.run()
        let bound = NIOLoopBound(service, eventLoop: loop)
        let answers = requests.reduce(loop.makeSucceededFuture([Answer]())) { earlier, request in
          earlier.flatMap { answers in
            bound.value.answer(request).map { response in
              answers + [Answer(status: response.status, body: String(decoding: response.body, as: UTF8.self))]
            }
          }
        }
        answers.flatMap { answers in
          bound.value.stop()
          return bound.value.whenStopped.map { answers }
        }.cascade(to: promise)
      } catch {
        promise.fail(error)
      }
    }
    let answers = try await promise.futureResult.get()
    try await group.shutdownGracefully()
    return answers
  }

  @Test func `the status tells each route, and an order changes it`() async throws {
    let answers = try await ask([
      HTTPRequest(method: "GET", target: "/v1/status"),
      HTTPRequest(method: "POST", target: "/v1/routes/live/open"),
      HTTPRequest(method: "GET", target: "/v1/status"),
      HTTPRequest(method: "POST", target: "/v1/routes/live/closed"),
      HTTPRequest(method: "GET", target: "/v1/status"),
    ])
    #expect(answers.map(\.status) == [200, 200, 200, 200, 200])
    let reports = try [0, 2, 4].map { try JSONDecoder().decode(RelayReport.self, from: Data(answers[$0].body.utf8)) }
    #expect(reports.map { $0.routes[0].order } == ["automatic", "open", "closed"])
    #expect(reports.map { $0.routes[0].listening.count } == [0, 1, 0])
    #expect(reports.map { $0.routes[0].gatewayListens } == [false, nil, nil])
    #expect(reports[0].routes[0].upstream == "127.0.0.1:1")
    #expect(answers[1].message == "live is open")
  }

  @Test func `without clients the list is empty, and there is nobody to kick`() async throws {
    let answers = try await ask([
      HTTPRequest(method: "GET", target: "/v1/clients"), HTTPRequest(method: "POST", target: "/v1/clients/7/kick"),
    ])
    #expect(answers[0].body == "[]\n")
    #expect(answers[1].status == 404)
    #expect(answers[1].message == "there is no client 7")
  }

  @Test func `a wrong request gets a sentence`() async throws {
    let answers = try await ask([
      HTTPRequest(method: "GET", target: "/"), HTTPRequest(method: "GET", target: "/v1/nothing"),
      HTTPRequest(method: "POST", target: "/v1/clients/me/kick"),
      HTTPRequest(method: "POST", target: "/v1/routes/other/open"),
      HTTPRequest(method: "POST", target: "/v1/routes/live/ajar"),
      HTTPRequest(method: "PUT", target: "/v1/allow", body: [1]),
      HTTPRequest(method: "PUT", target: "/v1/allow", body: Array(#"{"allow":["10.0.0.0/8","ten"]}"#.utf8)),
    ])
    #expect(answers.map(\.status) == [404, 404, 400, 404, 404, 400, 400])
    #expect(answers[6].message == "'ten' is no address range such as 10.0.0.0/8")
  }

  @Test func `the allow-list can be changed`() async throws {
    let answers = try await ask([
      HTTPRequest(method: "PUT", target: "/v1/allow", body: Array(#"{"allow":["10.0.0.0/8","::1"]}"#.utf8))
    ])
    #expect(answers.map(\.status) == [200])
    #expect(answers[0].message == "2 ranges may connect")
  }
}
