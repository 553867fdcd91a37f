import Clocks
import Lifecycle
import LocalHTTP
import NIOCore

/// Whether the processes of our own program still answer. They are asked when somebody asks us: a health check, a status, a report of
/// the probe. While nobody does nothing is woken for it.
extension Supervisor {
  /// How often they are asked at the most, in milliseconds.
  private static let lookInterval: Int64 = 10_000
  /// How long each of two answers in a row may take. A process that is only held up by a busy machine answers in that time.
  private static let patience: [TimeAmount] = [.seconds(5), .seconds(10)]

  /// The services that serve a socket, and a request that every loop of theirs takes part in; any answer will do.
  private static let questions: [(name: ServiceName, target: String)] = [
    ("relay", "/v1/status"), ("probe", "/v1/alive"), ("web", "/alive"),
  ]

  /// Asks each of them that is up, unless that was done a moment ago.
  func lookAfterOurOwn() {
    let now = SystemClock.uptime
    guard now - lastLook >= Self.lookInterval else { return }
    lastLook = now
    for question in Self.questions { ask(question.name, question.target, Self.patience[...]) }
  }

  private func ask(_ name: ServiceName, _ target: String, _ patience: ArraySlice<TimeAmount>) {
    guard let record = lifecycle.record(name), record.state == .running, let timeout = patience.first else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let pid = record.pid
    ask("GET", target, of: name.text, timeout: timeout).whenFailure { error in
      guard case .timedOut = error as? HTTPFailure, bound.value.lifecycle.record(name)?.pid == pid else { return }
      if patience.count > 1 {
        bound.value.ask(name, target, patience.dropFirst())
      } else {
        bound.value.tell(.service(name, .unresponsive))
      }
    }
  }
}
