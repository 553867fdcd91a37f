import ArgumentParser
import FoundationEssentials
import Glibc
import Lifecycle
import LocalHTTP
import NIOCore
import Supervisor

/// `ibgw status`: a table that a person reads at a glance.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows each service: its state, since when, restarts and why.")

  @Flag(help: "Print the whole report as JSON.")
  var json = false

  @Flag(help: "Show it again every second, until Ctrl-C.")
  var watch = false

  @OptionGroup var directory: RunDirectoryOption

  func run() throws {
    showTimesOfContainer()
    let (json, socket) = (json, directory.controlSocket)
    guard watch else {
      askSupervisor("GET", "/v1/status", socket: socket) { response in
        print(Self.text(of: response, json: json), terminator: "")
        return ExitStatus.success
      }
    }
    withLoop { loop in
      loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in
        LocalHTTPClient.request("GET", "/v1/status", path: socket, on: loop).whenComplete { result in
          switch result {
          case .success(let response):
            // Clears the screen and goes home, as watch(1) does.
            print("\u{1B}[2J\u{1B}[H" + Self.text(of: response, json: json), terminator: "")
            fflush(nil)
          case .failure(let error): leave(complain(error, socket: socket))
          }
        }
      }
    }
  }

  /// Times are shown in the zone that the supervisor has taken for its own: TZ, or else TIME_ZONE.
  private func showTimesOfContainer() {
    guard getenv("TZ") == nil, let zone = getenv("TIME_ZONE") else { return }
    setenv("TZ", zone, 1)
    tzset()
  }

  private static func text(of response: HTTPResponse, json: Bool) -> String {
    if json { return String(decoding: response.body, as: UTF8.self) + "\n" }
    guard let report = try? JSONDecoder().decode(StatusReport.self, from: Data(response.body)) else {
      printError(
        "cannot read the supervisor's answer: it is of another version; use the program that runs as process 1")
      leave(ExitStatus.internal)
    }
    let heading = "ibgw \(report.version), \(report.phase) for \(spoken(milliseconds: report.uptime))"
    return ([heading, ""] + StatusTable.lines(of: report)).joined(separator: "\n") + "\n"
  }
}
