import Callers
import Clocks
import Glibc
import NIOCore
import Splice

/// What is written: the access logs, and what is said of those who were refused.
extension RelayService {
  /// Writes what the access logs have gathered, together with what comes in the next moment.
  func flushLogsSoon() {
    guard logFlush == nil else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    logFlush = loop.scheduleTask(in: Self.eventPause) {
      bound.value.logFlush = nil
      bound.value.flushLogs()
    }
  }

  /// Writes what the access logs have gathered.
  func flushLogs() {
    for log in logs { tell(log?.flush(at: SystemClock.uptimeNanoseconds)) }
  }

  func write(_ record: ConnectionRecord, _ note: (AccessLog) -> Void) {
    guard let log = logs[record.route] else { return }
    note(log)
    if log.isFull { tell(log.flush(at: SystemClock.uptimeNanoseconds)) }
  }

  func note(acceptFailure error: Int32, route: Int) {
    if let last = acceptFailures[route], SystemClock.uptimeNanoseconds - last < RefusalLog.window { return }
    acceptFailures[route] = SystemClock.uptimeNanoseconds
    let why = error == EMFILE || error == ENFILE ? Refusal.descriptors.explanation : String(cString: strerror(error))
    say(
      Notice(.error, "\(gates[route].name): cannot accept connections: \(why); it is tried again four times a second"))
  }

  func note(refusal: Refusal, of peer: Endpoint, _ caller: Caller?, route: Int) {
    tell(refusals.note(gates[route].name, peer, refusal, of: caller, at: SystemClock.uptimeNanoseconds))
    flushRefusalsLater()
  }

  private func flushRefusalsLater() {
    guard refusalFlush == nil, refusals.isWaiting else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    refusalFlush = loop.scheduleTask(in: .seconds(10)) {
      let service = bound.value
      service.refusalFlush = nil
      service.refusals.flush(at: SystemClock.uptimeNanoseconds).forEach(service.say)
      service.flushRefusalsLater()
    }
  }

  func tell(_ notice: Notice?) {
    if let notice { say(notice) }
  }
}
