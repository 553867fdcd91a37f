import TWSProtocol
import Testing

@testable import Simulator

private let served: [ServerMessage] = [.managedAccounts(["DU1234567"]), .nextValidID(1)]

/// Silence cannot be waited for, only watched for a while.
private let silence: CInt = 300

@Suite struct FaultBehaviourTests {
  @Test func `mute accepts and answers nothing, and new clients are served once it heals`() async throws {
    let simulator = try await RunningSimulator(faults: ["mute"])
    let client = try RawClient(port: simulator.port)
    client.send(ClientHello(versions: 157...178).bytes)
    #expect(!client.hearsSomething(within: silence))
    #expect(try await simulator.perform("heal mute").hasPrefix("OK"))
    #expect(try RawClient(port: simulator.port).start(1) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `mute silences old clients too`() async throws {
    let simulator = try await RunningSimulator()
    let client = try RawClient(port: simulator.port)
    #expect(try client.start(1) == served)
    #expect(try await simulator.perform("fault mute").hasPrefix("OK"))
    while client.hearsSomething(within: 0) { _ = try client.receive() }
    client.send(ServerMessage.currentTimeRequest)
    #expect(!client.hearsSomething(within: silence))
    #expect(try await simulator.perform("heal all").hasPrefix("OK"))
    client.send(ServerMessage.currentTimeRequest)
    guard case .currentTime = try client.next() else {
      Issue.record("it is still silent")
      return
    }
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `stuck tells the version and nothing else until it heals`() async throws {
    let simulator = try await RunningSimulator(faults: ["stuck"])
    let client = try RawClient(port: simulator.port)
    #expect(try client.greet() == 178)
    client.send(StartAPI(clientID: 1).frame)
    #expect(!client.hearsSomething(within: silence))
    #expect(try await simulator.perform("heal stuck").hasPrefix("OK"))
    #expect(try client.next() == served[0])
    #expect(try client.next() == served[1])
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `no-accounts serves without an account`() async throws {
    let simulator = try await RunningSimulator(faults: ["no-accounts"])
    #expect(try RawClient(port: simulator.port).start(1) == [.managedAccounts([]), .nextValidID(1)])
    #expect(try await simulator.perform("heal no-accounts").hasPrefix("OK"))
    #expect(try RawClient(port: simulator.port).start(2) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `link-lost tells 1100 to old and new clients, and 1102 when it heals`() async throws {
    let simulator = try await RunningSimulator()
    func connectivity(_ message: ServerMessage?) -> APIError.Connectivity? {
      if case .error(let error) = message { error.connectivity } else { nil }
    }
    let old = try RawClient(port: simulator.port)
    #expect(try old.start(1) == served)
    #expect(try await simulator.perform("fault link-lost").hasPrefix("OK"))
    #expect(connectivity(try old.next()) == .lost)
    let new = try RawClient(port: simulator.port)
    #expect(try new.start(2) == served)
    #expect(connectivity(try new.next()) == .lost)
    #expect(try await simulator.perform("heal link-lost").hasPrefix("OK"))
    for client in [old, new] { #expect(connectivity(try client.next()) == .restored(subscriptionsLost: false)) }
    #expect(try await simulator.stop() == .stopped)
  }

  @Test(arguments: ["close-new", "hang-new"])
  func `old clients work while new ones are closed or hang`(fault: String) async throws {
    let simulator = try await RunningSimulator()
    let old = try RawClient(port: simulator.port)
    #expect(try old.start(1) == served)
    #expect(try await simulator.perform("fault " + fault).hasPrefix("OK"))
    let new = try RawClient(port: simulator.port)
    new.send(ClientHello(versions: 157...178).bytes)
    if fault == "close-new" {
      #expect(try new.receive() == nil)
    } else {
      #expect(!new.hearsSomething(within: silence))
    }
    old.send(ServerMessage.currentTimeRequest)
    guard case .currentTime = try old.next() else {
      Issue.record("the old client is not served")
      return
    }
    #expect(try await simulator.perform("heal all").hasPrefix("OK"))
    #expect(try RawClient(port: simulator.port).start(2) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `stop-reading leaves requests unread, and answers them once it heals`() async throws {
    let simulator = try await RunningSimulator()
    let client = try RawClient(port: simulator.port)
    #expect(try client.start(1) == served)
    #expect(try await simulator.perform("fault stop-reading").hasPrefix("OK"))
    while client.hearsSomething(within: 0) { _ = try client.receive() }
    client.send(ServerMessage.currentTimeRequest)
    let new = try RawClient(port: simulator.port)
    new.send(ClientHello(versions: 157...178).bytes)
    #expect(!client.hearsSomething(within: silence))
    #expect(!new.hearsSomething(within: 0))
    #expect(try await simulator.perform("heal all").hasPrefix("OK"))
    guard case .currentTime = try client.next() else {
      Issue.record("it is still not read")
      return
    }
    #expect(new.hearsSomething(within: 10_000))
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `stop-accepting leaves connections in the queue until it heals`() async throws {
    let simulator = try await RunningSimulator(faults: ["stop-accepting"])
    let client = try RawClient(port: simulator.port)
    client.send(ClientHello(versions: 157...178).bytes)
    #expect(!client.hearsSomething(within: silence))
    #expect(try await simulator.perform("heal all").hasPrefix("OK"))
    let greeting = try #require(try client.receive())
    #expect(ServerGreeting(body: greeting) != nil)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `a restart closes the port and every client, and comes back on the same port`() async throws {
    let simulator = try await RunningSimulator()
    let client = try RawClient(port: simulator.port)
    #expect(try client.start(1) == served)
    #expect(try await simulator.perform("restart 3600").contains("not listening"))
    while try client.receive() != nil {}
    #expect(throws: RawClient.Refused.self) { try RawClient(port: simulator.port) }
    #expect(try await simulator.perform("restart 0").hasPrefix("OK"))
    #expect(await RunningSimulator.listening(simulator.reports) == simulator.port)
    #expect(try RawClient(port: simulator.port).start(1) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `healing a login's delay ends the waiting`() async throws {
    let simulator = try await RunningSimulator(faults: ["login-delay=3600"], waits: false)
    #expect(try await simulator.perform("status").contains("not listening"))
    #expect(try await simulator.perform("heal login-delay").hasPrefix("OK"))
    let port = await RunningSimulator.listening(simulator.reports)
    #expect(try RawClient(port: port).start(1) == served)
    #expect(try await simulator.stop() == .stopped)
  }

  @Test func `a line that is no command is an error and changes nothing`() async throws {
    let simulator = try await RunningSimulator()
    #expect(try await simulator.perform("fault loud").hasPrefix("ERROR cannot switch on the fault 'loud'"))
    #expect(try await simulator.perform("status").hasSuffix("no faults"))
    #expect(try await simulator.stop() == .stopped)
  }
}
