import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import NIOCore
import NIOHTTP1
import Supervisor

/// `ibgw logs`: what the supervisor still has of the log, from inside the container.
struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Prints the latest log lines, of one service or of all.")

  @Argument(help: "The service, as `ibgw status` names it; `ibgw` for the supervisor's own lines.")
  var service: String?

  @Flag(name: [.short, .long], help: "Go on with every new line, until Ctrl-C.")
  var follow = false

  @Option(name: [.customShort("n"), .long], help: "How many of the latest lines to print.")
  var lines = 500

  @OptionGroup var directory: RunDirectoryOption

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("cannot print \(lines) lines; give a number from 0 up") }
  }

  func run() throws {
    var target = "/v1/logs?lines=\(lines)"
    if let service { target += "&service=\(service.percentEncodedSegment)" }
    if follow { target += "&follow=1" }
    let (request, socket) = (target, directory.controlSocket)
    withLoop { loop in
      LocalHTTPClient.stream("GET", request, path: socket, on: loop, timeout: nil) { head, part in
        guard head.status == .ok else {
          let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(part.readableBytesView))
          printError(answer?.message ?? "cannot show the log: the supervisor answered \(head.status.code)")
          return true
        }
        return part.withUnsafeReadableBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) } >= 0
      }.whenComplete { result in
        switch result {
        case .success(let head) where head.status.code == 200: leave(ExitStatus.success)
        case .success: leave(ExitStatus.failure)
        case .failure(let error): leave(complain(error, socket: socket))
        }
      }
    }
  }
}
