import ArgumentParser
import Glibc
import LocalHTTP
import NIOCore
import NIOPosix
import Supervisor

/// Where the supervisor's sockets are, for every subcommand that talks to one.
struct RunDirectoryOption: ParsableArguments {
  @Option(help: "The supervisor's run directory. Default: $IBGW_RUN_DIR, else /run/ibgw.")
  var runDir: String?

  var path: String {
    if let runDir { return runDir }
    if let set = getenv("IBGW_RUN_DIR"), set.pointee != 0 { return String(cString: set) }
    return "/run/ibgw"
  }

  var controlSocket: String { "\(path)/\(Supervisor.socketName)" }
}

/// Runs an event loop on this thread until `body` ends the program.
func withLoop(_ body: @escaping @Sendable (any EventLoop) -> Void) -> Never {
  MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
    loop.execute { body(loop) }
  }
  leave(ExitStatus.internal)
}

/// What a supervised subcommand does on HUP: its socket was removed and is served anew. Should that fail it goes on without.
func serveAgain(_ served: EventLoopFuture<Void>) {
  served.whenFailure { error in printLine("<3>cannot serve the socket anew: \(error); a restart of this service may") }
}

/// Puts one request to the supervisor, hands the answer to `body` and ends with the code that it returns.
func askSupervisor(
  _ method: String, _ target: String, socket: String, _ body: @escaping @Sendable (HTTPResponse) -> Int32
) -> Never {
  withLoop { loop in
    LocalHTTPClient.request(method, target, path: socket, on: loop).whenComplete { result in
      switch result {
      case .success(let response): leave(body(response))
      case .failure(let error): leave(complain(error, socket: socket))
      }
    }
  }
}

/// Says in one sentence why the supervisor could not be asked; returns the exit code.
func complain(_ error: any Error, socket: String) -> Int32 {
  let sentence =
    switch error as? HTTPFailure {
    case .notServed:
      "nothing serves \(socket); is `ibgw run` running here, and with the same IBGW_RUN_DIR?"
    case .refused: "\(socket) admits only its own user and root; run this as one of them"
    case .timedOut: "\(socket) did not answer in time; its log may say why"
    case .broken, nil: "\(socket) broke off in the middle of its answer; try again"
    }
  printError("cannot reach the supervisor: \(sentence)")
  return ExitStatus.unavailable
}
