/// The kept connection: one question every 20 s, unless relayed traffic proves already that connected clients are served.
extension GatewayWatch {
  /// After how many unanswered questions no more are put: a gateway that wakes up answers those.
  private static let mostMissed = 3

  /// When the next question is due; nil while none is.
  var questionDue: Duration? {
    guard let kept, !kept.isAsked, kept.missed < Self.mostMissed else { return nil }
    let soonest = kept.askedAt + timing.questionGap
    guard let fault else { return max(soonest, max(kept.answeredAt, trafficAt) + timing.questionInterval) }
    // Whether connected clients are answered tells a wedge from a gateway that fails new clients alone.
    if kept.askedAt < fault.since { return max(soonest, fault.since) }
    return kept.askedAt + timing.repeatInterval
  }

  /// When the question that was put last counts as not answered.
  var questionLimit: Duration? { kept.flatMap { $0.isAsked ? $0.askedAt + timing.questionLimit : nil } }

  /// Whether connected clients were answered since the fault began.
  var connectedAreAnswered: Bool {
    guard let kept, let fault else { return false }
    return kept.missed == 0 && kept.answeredAt >= fault.since
  }

  mutating func askTime(_ now: Duration, _ actions: inout [Action]) {
    guard let id = kept?.id else { return }
    kept?.isAsked = true
    kept?.askedAt = now
    statistics.questions += 1
    actions.append(.send(id, Conversation.question))
  }

  /// An answer that comes too late is a sign of life, and no proof yet that connected clients are served.
  mutating func takeTime(_ now: Duration) {
    guard let kept else { return }
    if kept.missed > 0 {
      noteSign()
    } else {
      if kept.isAsked { statistics.answers.record((now - kept.askedAt) / .seconds(1)) }
      self.kept?.answeredAt = now
    }
    self.kept?.isAsked = false
    self.kept?.missed = 0
  }

  mutating func missQuestion(_ now: Duration) {
    kept?.isAsked = false
    kept?.missed += 1
    // What new clients meet says more, once it is known.
    note(fault?.kind ?? .questionUnanswered, now)
  }

  mutating func loseKept(_ now: Duration, _ actions: inout [Action]) {
    guard let id = kept?.id else { return }
    kept = nil
    close(id, failed: false, now, &actions)
  }
}
