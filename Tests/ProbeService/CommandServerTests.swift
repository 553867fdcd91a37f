import FoundationEssentials
import NIOCore
import NIOPosix
import Splice
import Testing

@testable import ProbeService

/// A stand-in for IBC's command server: it says `greeting`, reads one line, says `answer` and notes what it got.
private final class CommandServer: Sendable {
  let port: Int
  let loop: any EventLoop
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let heard: NIOLoopBoundBox<[String]>

  init(greeting: String = "", answer: String?, closes: Bool = false) async throws {
    loop = group.next()
    let heard = NIOLoopBoundBox<[String]>.makeBoxSendingValue([], eventLoop: loop)
    self.heard = heard
    let channel = try await ServerBootstrap(group: loop)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let talk = Talk(greeting: greeting, answer: answer, closes: closes) { heard.value.append($0) }
          try channel.pipeline.syncOperations.addHandler(talk)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  func lines() async throws -> [String] {
    let heard = heard
    return try await loop.submit { heard.value }.get()
  }

  func give(_ command: CommandServerCommand, within patience: TimeAmount? = nil) async throws -> String {
    let (loop, port) = (loop, port)
    return try await loop.flatSubmit {
      CommandServerClient.give(command, to: Endpoint("127.0.0.1:\(port)")!, on: loop, within: patience)
    }.get()
  }

  private final class Talk: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let greeting: String
    let answer: String?
    let closes: Bool
    let hear: (String) -> Void

    init(greeting: String, answer: String?, closes: Bool, hear: @escaping (String) -> Void) {
      (self.greeting, self.answer, self.closes, self.hear) = (greeting, answer, closes, hear)
    }

    func channelActive(context: ChannelHandlerContext) {
      context.writeAndFlush(NIOAny(ByteBuffer(string: greeting)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      hear(String(buffer: unwrapInboundIn(data)))
      if let answer { context.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil) }
      if closes { context.close(promise: nil) }
    }
  }
}

@Suite struct CommandServerTests {
  @Test(arguments: [
    ("", "OK Shutting down\r\n", "OK Shutting down"), ("", "OK\n", "OK"),
    ("INFO Welcome\nIBC> ", "INFO working\nOK Restarting\n", "OK Restarting"),
    ("IBC> ", "ERROR Command invalid\n", "ERROR Command invalid"),
  ])
  func `the answer is the first line of OK or ERROR`(greeting: String, answer: String, expected: String) async throws {
    let server = try await CommandServer(greeting: greeting, answer: answer)
    #expect(try await server.give(.stop) == expected)
    #expect(try await server.lines() == ["STOP\n"])
  }

  @Test(arguments: CommandServerCommand.allCases)
  func `each command goes out under IBC's name`(command: CommandServerCommand) async throws {
    let server = try await CommandServer(answer: "OK\n")
    _ = try await server.give(command)
    #expect(try await server.lines() == [command.rawValue + "\n"])
  }

  @Test func `no answer in time, an end without one and a closed port are told apart`() async throws {
    let silent = try await CommandServer(answer: nil)
    await #expect(throws: CommandServerClient.Failure.timedOut) {
      try await silent.give(.stop, within: .milliseconds(50))
    }
    let closing = try await CommandServer(answer: nil, closes: true)
    await #expect(throws: CommandServerClient.Failure.unanswered) { try await closing.give(.stop) }
    let loop = silent.loop
    await #expect(throws: CommandServerClient.Failure.unreachable("connection refused")) {
      try await loop.flatSubmit {
        CommandServerClient.give(.stop, to: Endpoint("127.0.0.1:1")!, on: loop)
      }.get()
    }
  }

  @Test func `an answer that is cut off is none`() async throws {
    let server = try await CommandServer(answer: "OK Shutt", closes: true)
    await #expect(throws: CommandServerClient.Failure.unanswered) { try await server.give(.stop) }
  }
}

@Suite struct ProbeAPITests {
  private func message(_ body: [UInt8]) throws -> String {
    try JSONDecoder().decode(ProbeAnswer.self, from: Data(body)).message
  }

  @Test func `a command is given by the API, and IBC's answer comes back`() async throws {
    let server = try await CommandServer(answer: "OK Shutting down\n")
    let observed = try await ObservedGateway(commandServer: server.port)
    let answer = try await observed.ask("POST", "/v1/gateways/paper/command?name=STOP")
    #expect(answer.status == 200)
    #expect(try message(answer.body) == "OK Shutting down")
    try await observed.end()
  }

  @Test func `what IBC refuses, and a server that is not there, are failures that say so`() async throws {
    let server = try await CommandServer(answer: "ERROR not now\n")
    var observed = try await ObservedGateway(commandServer: server.port)
    var answer = try await observed.ask("POST", "/v1/gateways/paper/command?name=RESTART")
    #expect(answer.status == 502)
    #expect(try message(answer.body) == "paper's IBC refuses RESTART: ERROR not now")
    try await observed.end()
    observed = try await ObservedGateway(commandServer: 1)
    answer = try await observed.ask("POST", "/v1/gateways/paper/command?name=STOP")
    #expect(answer.status == 502)
    #expect(try message(answer.body).hasPrefix("cannot give STOP to paper's IBC: 127.0.0.1:1: connection refused"))
    try await observed.end()
    observed = try await ObservedGateway()
    answer = try await observed.ask("POST", "/v1/gateways/paper/command?name=STOP")
    #expect(answer.status == 409)
    try await observed.end()
  }

  @Test(arguments: [
    ("GET", "/v1/nothing", 404), ("POST", "/v1/status", 404), ("GET", "/v1/gateways/paper/check", 404),
    ("POST", "/v1/gateways/live/check", 404), ("POST", "/v1/gateways/demo/check", 404),
    ("POST", "/v1/gateways/paper/dance", 404), ("POST", "/v1/gateways/paper/command?name=EXIT", 400),
    ("POST", "/v1/gateways/paper/command", 400), ("POST", "/v1/gateways/paper/traffic", 200),
  ])
  func `requests are told apart`(method: String, target: String, expected: Int) async throws {
    let observed = try await ObservedGateway()
    #expect(try await observed.ask(method, target).status == expected)
    try await observed.end()
  }

  @Test func `a check on request says what a new client meets`() async throws {
    let observed = try await ObservedGateway(faults: ["no-accounts"])
    let body = try await observed.ask("POST", "/v1/gateways/paper/check").body
    let text = String(decoding: body, as: UTF8.self)
    #expect(text.contains("\"observation\":\"no-accounts\"") && text.contains("\"ok\":false"))
    try await observed.end()
  }
}
