import ArgumentParser
import FoundationEssentials
import Supervisor
import Trading

/// `ibgw resume [MODE]`.
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Lets a gateway that is held, or waits for its next try, log in at once.",
    discussion: """
      After too many logins for nothing a gateway is held until enough of them are an hour or a day old: IBKR locks an account \
      that fails too often. This tries one login now, whatever has failed before; when it fails too, the gateway is held again.
      """)

  @Argument(help: "The gateway: live or paper; none for every one that waits.")
  var mode: Mode?

  @OptionGroup var directory: RunDirectoryOption

  func run() throws {
    let target = mode.map { "/v1/gateways/\($0.rawValue)/resume" } ?? "/v1/resume"
    askSupervisor("POST", target, socket: directory.controlSocket) { response in
      guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(response.body)) else {
        printError("cannot resume: the supervisor does not know such a request")
        return ExitStatus.internal
      }
      if answer.ok { print(answer.message) } else { printError(answer.message) }
      return answer.ok ? ExitStatus.success : ExitStatus.failure
    }
  }
}
