import ArgumentParser
import Glibc
import Lifecycle
import LoopSignals
import NIOCore
import WebService

/// `ibgw web`: what is so, over HTTP on a unix socket.
struct WebCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "web",
    abstract: "Serves /health, /ready, /metrics and /api/v1/status on web.sock in the run directory.",
    discussion: """
      It asks the supervisor and the others for each answer, and says 503 and why where the supervisor does not answer \
      within 2 s. Caddy offers it to the network; here: curl --unix-socket RUN_DIR/web.sock http://localhost/ready
      """)

  @Option(help: "Whose reset windows the metrics tell of: america, europe or asia.")
  var region = IBKRRegion.america

  @OptionGroup var directory: RunDirectoryOption

  @Flag(
    name: .customLong("report-readiness"),
    help: "Write a line feed to descriptor 3 once the socket is served, as a supervisor may want it.")
  var reportsReadiness = false

  func run() throws {
    let (path, region, reportsReadiness) = (directory.path, region, reportsReadiness)
    withLoop { loop in
      let service = WebService(runDirectory: path, region: region, on: loop)
      LoopSignals.watch(on: loop) { signal in
        if signal == SIGHUP { serveAgain(service.serve()) }
        if signal == SIGTERM || signal == SIGINT { leave(ExitStatus.success) }
      }.whenFailure { error in fail("cannot read signals: \(error)") }
      service.serve().whenComplete { result in
        switch result {
        case .success: if reportsReadiness { _ = write(3, "\n", 1) }
        case .failure(let error):
          fail(
            "cannot serve \(path)/\(WebService.socketName): \(error); set IBGW_RUN_DIR to a directory that can be written"
          )
        }
      }
    }
  }
}

extension IBKRRegion: ExpressibleByArgument {}
