import Glibc
import Testing

@testable import Splice

/// Connections that are told at their accept, and wait for their leave.
@Suite struct LeaveTests {
  private func relay(
    to gateway: TestGateway, _ change: (inout RelayLimits) -> Void = { _ in }
  ) throws -> TestRelay {
    try TestRelay(to: gateway.endpoint) { limits in
      limits.tellsAccepted = true
      limits.awaitsLeave = true
      change(&limits)
    }
  }

  @Test func `what a client sends before it has leave is passed on when it has`() throws {
    let gateway = try TestGateway.echo()
    let relay = try relay(to: gateway)
    let client = try relay.client()
    client.send([1, 2, 3])
    let accepted = try #require(relay.accepted())
    #expect(relay.snapshot()?.routes[0].waiting == 1)
    relay.relay.admit(accepted.ticket)
    #expect(client.receive(exactly: TestRelay.hello.count + 3) == TestRelay.hello + [1, 2, 3])
    client.close()
    #expect(relay.closed()?.id == accepted.id)
  }

  @Test func `a client that says hello only after its leave is relayed as ever`() throws {
    let gateway = try TestGateway.echo()
    let relay = try relay(to: gateway)
    let client = try TestConnection(to: relay.endpoint)
    relay.relay.admit(try #require(relay.accepted()).ticket)
    _ = relay.snapshot()
    client.send(TestRelay.hello)
    #expect(client.receive(exactly: TestRelay.hello.count) == TestRelay.hello)
  }

  @Test func `who gets no leave in time is refused, and the gateway has not seen it`() throws {
    let gateway = try TestGateway { _ in Issue.record("the gateway was reached") }
    let relay = try relay(to: gateway) { $0.leaveTimeout = 0.3 }
    let client = try relay.client()
    #expect(client.failure() == ECONNRESET)
    #expect(relay.refusal() == .callerUnknown)
  }

  @Test func `who is dismissed while it waits is refused, and later it is cut`() throws {
    let gateway = try TestGateway.echo()
    let relay = try relay(to: gateway)
    let waiting = try relay.client()
    let first = try #require(relay.accepted())
    relay.relay.dismiss(first.ticket, refusal: .callerNotNamed, reason: .callerNotNamed)
    #expect(waiting.failure() == ECONNRESET)
    #expect(relay.refusal() == .callerNotNamed)

    relay.relay.awaitLeave(false)
    _ = relay.snapshot()
    let client = try relay.answeredClient()
    let second = try #require(
      relay.event { event -> ConnectionTicket? in
        if case .accepted(let ticket, let id, _, _) = event, id != first.id { ticket } else { nil }
      })
    relay.relay.dismiss(second, refusal: .callerLocal, reason: .callerLocal)
    #expect(client.receiveToEnd() == [])
    client.close()
    #expect(relay.closed()?.ending == Ending(by: .relay, reason: .callerLocal))
  }

  @Test func `a ticket of a connection that is gone names no other one`() throws {
    let gateway = try TestGateway.echo()
    let relay = try relay(to: gateway) { $0.awaitsLeave = false }
    let gone = try relay.answeredClient()
    let ticket = try #require(relay.accepted()).ticket
    gone.close()
    #expect(relay.closed() != nil)
    let next = try relay.answeredClient()
    relay.relay.dismiss(ticket, refusal: .callerLocal, reason: .callerLocal)
    _ = relay.snapshot()
    next.send([7])
    #expect(next.receive(exactly: 1) == [7])
  }

  @Test func `one listener of a route is closed and the other one stays`() throws {
    let gateway = try TestGateway.echo()
    let relay = try TestRelay(to: gateway.endpoint)
    let other = try relay.relay.listen(on: Endpoint(IPAddress(v4: 0x7f00_0002), 0), route: 0)
    relay.relay.closeListener(on: other, route: 0)
    _ = relay.snapshot()
    #expect(throws: RelayError.self) { try TestConnection(to: other) }
    _ = try relay.answeredClient()
  }
}
