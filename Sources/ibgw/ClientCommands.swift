import ArgumentParser
import FoundationEssentials
import LocalHTTP
import NIOCore
import RelayService

/// `ibgw clients`: who is connected to the API.
struct ClientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clients",
    abstract: "Lists the API clients: who, for how long, what they carry and how the network does.")

  @Flag(help: "Print the whole list as JSON.")
  var json = false

  @OptionGroup var relay: RelayOption

  func run() throws {
    let json = json
    relay.ask("GET", "/v1/clients") { response in
      let text = String(decoding: response.body, as: UTF8.self)
      if json && response.status == 200 {
        print(text, terminator: "")
        return ExitStatus.success
      }
      guard let clients = try? JSONDecoder().decode([ClientReport].self, from: Data(response.body)) else {
        printError("cannot read the relay's answer: it is of another version; use the program that the relay runs")
        return ExitStatus.internal
      }
      print(ClientTable.lines(of: clients).joined(separator: "\n"))
      return ExitStatus.success
    }
  }
}

/// `ibgw kick ID`: closes one client's connection.
struct KickCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kick", abstract: "Disconnects an API client. It may connect again: see RELAY_ALLOW to keep it out.")

  @Argument(help: "The client's number, as `ibgw clients` shows it.")
  var id: UInt64

  @OptionGroup var relay: RelayOption

  func run() throws {
    let id = id
    relay.ask("POST", "/v1/clients/\(id)/kick") { response in
      let answer = try? JSONDecoder().decode(RelayAnswer.self, from: Data(response.body))
      if response.status == 200 {
        print(answer?.message ?? "client \(id) is being disconnected")
        return ExitStatus.success
      }
      printError("cannot kick client \(id): \(answer?.message ?? "the relay does not know such a request")")
      return ExitStatus.failure
    }
  }
}

/// Where the relay's control API is.
struct RelayOption: ParsableArguments {
  @OptionGroup var directory: RunDirectoryOption

  @Option(help: "The relay's socket. Default: relay.sock in the run directory.")
  var socket: String?

  /// Puts one request to the relay, hands the answer to `body` and ends with the code that it returns.
  func ask(_ method: String, _ target: String, _ body: @escaping @Sendable (HTTPResponse) -> Int32) -> Never {
    let path = socket ?? "\(directory.path)/relay.sock"
    withLoop { loop in
      LocalHTTPClient.request(method, target, path: path, on: loop).whenComplete { result in
        switch result {
        case .success(let response): leave(body(response))
        case .failure(let error): leave(complain(ofRelay: error, socket: path))
        }
      }
    }
  }
}

/// Says in one sentence why the relay could not be asked; returns the exit code.
private func complain(ofRelay error: any Error, socket: String) -> Int32 {
  let sentence =
    switch error as? HTTPFailure {
    case .notServed: "nothing serves \(socket); `ibgw status` shows whether the relay runs"
    case .refused: "\(socket) admits only its own user and root; run this as one of them"
    case .timedOut: "\(socket) did not answer in time; its log may say why"
    case .broken, nil: "\(socket) broke off in the middle of its answer; try again"
    }
  printError("cannot reach the relay: \(sentence)")
  return ExitStatus.unavailable
}
