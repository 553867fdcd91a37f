import Lifecycle
import LocalHTTP
import NIOCore
import Processes
import Survival

/// `ibgw reload`: the program executed anew in this process, from whatever file is at its path now. What a crash does, on request.
extension Supervisor {
  /// How long the answer has to get out before the program is executed.
  private static let answerTime = TimeAmount.milliseconds(50)

  /// Tries the program that is at our path, and executes it in this process when it runs.
  func executeAnew(_ responder: HTTPResponder) {
    guard let continuity else {
      responder.respond(
        .json(409, ControlAnswer(ok: false, message: "cannot reload: only `ibgw run` goes on in place")))
      return
    }
    let program = continuity.reexecution.program
    let environment = configuration.services.first?.command.environment ?? [:]
    do throws(SpawnFailure) {
      let command = Command(program: program, arguments: ["--version"], environment: environment)
      let pid = try start(command, as: "reload", voice: .plain(.info))
      endInTime(pid)
      children[pid]?.whenEnded = { supervisor, exit, _ in supervisor.wasTried(program, exit, responder) }
    } catch {
      refuse(error.sentence, responder)
    }
  }

  private func wasTried(_ program: String, _ exit: Exit, _ responder: HTTPResponder) {
    guard exit == .code(0) else {
      refuse("`\(program) --version` has ended with \(exit); put a program there that runs here", responder)
      return
    }
    responder.respond(.json(200, ControlAnswer(ok: true, message: "\(program) is executed in place")))
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: Self.answerTime) { bound.value.executeNow() }
  }

  private func refuse(_ why: String, _ responder: HTTPResponder) {
    say(.error, "ibgw", "cannot reload: \(why)")
    responder.respond(.json(409, ControlAnswer(ok: false, message: "cannot reload: \(why)")))
  }

  private func executeNow() {
    guard let continuity else { return }
    journal.flush()
    save([])
    saveChildren(withLines: true)
    let why = continuity.reexecution.now()
    saveChildren()
    say(
      .error, "ibgw", "cannot reload: \(continuity.reexecution.program) cannot be executed: \(why); everything goes on")
  }
}
