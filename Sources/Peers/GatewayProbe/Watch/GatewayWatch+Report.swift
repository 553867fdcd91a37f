import Lifecycle
import Trading

/// What it all means, in one name and one sentence.
extension GatewayWatch {
  /// What is so now; nil while nothing is known.
  var report: ProbeReport? {
    switch listening {
    case .unknown: return nil
    case .absent: return ProbeReport(mode, .refused, listens: false, why: words(for: .refused))
    case .present, .unseen: break
    }
    if isSuspended {
      return ProbeReport(mode, .listening, listens: true, why: "a known restart is under way, so nothing is asked")
    }
    if let fault {
      let seen = observation(of: fault.kind)
      let listens = listening != .unseen || seen != .refused
      return ProbeReport(mode, seen, listens: listens, failures: fault.count, why: words(for: seen))
    }
    guard proved == 2 else {
      // Until the gate is passed again, a fault that was established is not over.
      if recovering != nil { return lastReport }
      if listening == .unseen && proved == 0 { return nil }
      return ProbeReport(mode, .listening, listens: true, why: words(for: .listening))
    }
    let seen = linkLoss == nil ? APIObservation.serving : .linkLost
    return ProbeReport(mode, seen, listens: true, why: words(for: seen))
  }

  /// Tells the supervisor and the log what has changed.
  mutating func tell(_ now: Duration, _ actions: inout [Action]) {
    guard let report, report != lastReport else { return }
    let before = lastReport
    lastReport = report
    if before?.observation != report.observation { observedSince = now }
    actions.append(.report(report))
    let isNews = before?.observation != report.observation || (fault?.count == Fault.established)
    if isNews { actions.append(.say(severity(of: report), "\(report.observation.rawValue): \(report.why)")) }
  }

  private func severity(of report: ProbeReport) -> Severity {
    switch report.observation {
    case .refused, .listening, .serving: .info
    case .linkLost: .warning
    case .acceptQueueFull, .silent, .notLoggedIn, .noAccounts, .closesNewClients, .newClientsHang:
      report.failures < Fault.established ? .info : .warning
    }
  }

  /// The name of a failure, seen together with what else is known.
  func observation(of kind: Fault.Kind) -> APIObservation {
    if kind.isHang && connectedAreAnswered { return .newClientsHang }
    if kind == .noVersion && somebodyWaits { return .acceptQueueFull }
    return kind.observation
  }

  private var somebodyWaits: Bool {
    if case .present(let listener) = listening { listener.waiting > 0 } else { false }
  }

  /// An observation in words for a person.
  func words(for observation: APIObservation) -> String {
    switch observation {
    case .refused: return fault?.kind.why(place) ?? "nothing listens on \(place)"
    case .listening: return "\(place) listens, and has not answered two checks yet"
    case .serving: return "\(place) answers\(details)"
    case .linkLost: return "\(place) answers, and says that it has lost its connection to IBKR"
    case .newClientsHang:
      return "clients that are connected are answered, and new ones are not: \(cause(.noVersion))"
    case .acceptQueueFull: return cause(.queueStuck)
    case .silent, .notLoggedIn, .noAccounts, .closesNewClients: return cause(.noVersion)
    }
  }

  private func cause(_ otherwise: Fault.Kind) -> String {
    let kind = fault?.kind ?? otherwise
    return (kind == .noVersion && somebodyWaits ? .queueStuck : kind).why(place)
  }

  private var details: String {
    guard let lastHandshake else { return "" }
    guard let accounts = lastHandshake.accounts else {
      let reserved = "\(ids.range.lowerBound) to \(ids.range.upperBound - 1)"
      return "; client ids \(reserved) are all in use, so it was asked nothing more"
    }
    let version = lastHandshake.serverVersion.map { "API version \($0), " } ?? ""
    return ": \(version)\(accounts) account\(accounts == 1 ? "" : "s")"
  }
}

extension ProbeReport {
  init(_ mode: Mode, _ observation: APIObservation, listens: Bool, failures: Int = 0, why: String) {
    self.init(mode: mode, observation: observation, listens: listens, failures: failures, why: why)
  }
}
