import ArgumentParser
import FoundationEssentials
import Lifecycle
import Supervisor

/// `ibgw start SERVICE`.
struct StartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Starts a service that is stopped, held, degraded or waiting for its next try.")
  @OptionGroup var target: OrderTarget
  func run() throws { target.send(.start) }
}

/// `ibgw stop SERVICE`.
struct StopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stops a service in order; it stays stopped until it is started.")
  @OptionGroup var target: OrderTarget
  func run() throws { target.send(.stop) }
}

/// `ibgw restart SERVICE`.
struct RestartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "Stops a service in order and starts it again. For a gateway that is a new login."
  )
  @OptionGroup var target: OrderTarget
  func run() throws { target.send(.restart) }
}

/// The service that an order is for.
struct OrderTarget: ParsableArguments {
  @Argument(help: "The service, as `ibgw status` names it.")
  var service: String

  @OptionGroup var directory: RunDirectoryOption

  func send(_ order: Order) -> Never {
    let name = service.percentEncodedSegment
    askSupervisor("POST", "/v1/services/\(name)/\(order.rawValue)", socket: directory.controlSocket) { response in
      guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(response.body)) else {
        printError("cannot \(order.rawValue) \(name): the supervisor does not know such a request")
        return ExitStatus.internal
      }
      if answer.ok { print(answer.message) } else { printError(answer.message) }
      return answer.ok ? ExitStatus.success : ExitStatus.failure
    }
  }
}

extension String {
  /// The text with everything escaped that would end a path's segment or could not stand in a request line.
  var percentEncodedSegment: String {
    utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: ":"):
        String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}
