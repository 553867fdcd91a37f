import ArgumentParser
import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Supervisor

/// `ibgw reload`.
struct ReloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Executes the supervisor's program anew in its process: an upgrade without a login.",
    discussion: """
      Put the new program at the path of the old one first (mv, so that it is never half there). Every service goes on, and the \
      gateway with its session. probe and web are restarted where their program is older than the supervisor's; the relay \
      keeps its connections and its program until `ibgw restart relay`. To render files again send HUP instead.
      """)

  @OptionGroup var directory: RunDirectoryOption

  func run() throws {
    let socket = directory.controlSocket
    withLoop { loop in
      Reload(socket: socket, loop: loop).begin()
    }
  }
}

/// The request, and the wait until the program that was executed answers.
private struct Reload: Sendable {
  private static let patience = TimeAmount.seconds(20)
  private static let pause = TimeAmount.milliseconds(50)

  let socket: String
  let loop: any EventLoop

  func begin() {
    status.whenComplete { result in
      switch result {
      case .success(let before): request(after: before)
      case .failure(let error): leave(complain(error, socket: socket))
      }
    }
  }

  private var status: EventLoopFuture<StatusReport> {
    LocalHTTPClient.request("GET", "/v1/status", path: socket, on: loop).flatMapThrowing {
      try JSONDecoder().decode(StatusReport.self, from: Data($0.body))
    }
  }

  private func request(after before: StatusReport) {
    LocalHTTPClient.request("POST", "/v1/reload", path: socket, on: loop, timeout: Self.patience).whenComplete {
      result in
      switch result {
      case .success(let response):
        let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(response.body))
        guard response.status == 200 else {
          printError(answer?.message ?? "cannot reload: the supervisor does not know such a request")
          leave(ExitStatus.failure)
        }
        watch(after: before, until: .now() + Self.patience)
      case .failure(let error): leave(complain(error, socket: socket))
      }
    }
  }

  private func watch(after before: StatusReport, until deadline: NIODeadline) {
    status.whenComplete { result in
      if let now = try? result.get(), now.reloads > before.reloads {
        let outdated = now.services.filter { $0.why.contains(Supervisor.outdated) }.map(\.name)
        let left = outdated.isEmpty ? "" : "; \(outdated.joined(separator: ", ")): \(Supervisor.outdated)"
        printLine("process \(now.pid) runs ibgw \(now.version)\(left)")
        leave(ExitStatus.success)
      }
      guard NIODeadline.now() < deadline else {
        printError("cannot tell whether the reload has come about: \(socket) does not say so; `ibgw logs` may")
        leave(ExitStatus.failure)
      }
      loop.scheduleTask(in: Self.pause) { watch(after: before, until: deadline) }
    }
  }
}
