import Callers
import Splice

/// Who may stay.
extension CallerDesk {
  /// Changes who may; those who may not any more are cut.
  func change(_ policy: CallerPolicy) {
    self.policy = policy
    mayWait = mayWait || policy.wantsNames
    relay.awaitLeave(policy.wantsNames)
    review()
  }

  /// Looks at every client again, after a change of what is decided by.
  func review() {
    for id in entries.keys { dismissIfUnwanted(id) }
  }

  func dismissIfUnwanted(_ id: UInt64) {
    guard let entry = entries[id], !entry.isDismissed, let caller = entry.caller,
      let objection = policy.objection(to: caller, suffix: door.suffix)
    else { return }
    entries[id]?.isDismissed = true
    relay.dismiss(entry.ticket, refusal: objection.refusal, reason: objection.reason)
    if entry.isRelayed { sayCut(id, entry) }
  }

  func sayCut(_ id: UInt64, _ entry: Entry) {
    guard let caller = entry.caller, let objection = policy.objection(to: caller, suffix: door.suffix) else { return }
    let why = objection.refusal.explanation
    outlets.say(
      Notice(.warning, "\(routes[entry.route]): cut client \(id), \(caller) from \(entry.peer): \(why)"))
  }
}

extension CallerPolicy.Objection {
  /// What a connection is refused for that is not relayed yet.
  fileprivate var refusal: Refusal {
    switch self {
    case .notNamed: .callerNotNamed
    case .local: .callerLocal
    case .unknown: .callerUnknown
    }
  }

  /// What a client is cut for.
  fileprivate var reason: EndReason {
    switch self {
    case .notNamed: .callerNotNamed
    case .local: .callerLocal
    case .unknown: .callerUnknown
    }
  }
}
