import Trading

/// When the next login of a gateway is tried: after a back-off, when the limits let it through again, or when a person says so.
extension Lifecycle {
  /// Whose gateway a service is, as a place in `gateways`.
  func gatewayPlace(_ place: Int) -> Int? {
    plans[place].mode.flatMap { mode in gateways.firstIndex { $0.mode == mode } }
  }

  /// How long the login under way may take, in milliseconds; nil: without limit.
  func loginTimeout(_ place: Int) -> Int64? {
    guard case .whenReported(let within?) = plans[place].readiness, let gateway = gatewayPlace(place) else {
      return nil
    }
    let isRestart = gateways[gateway].isKnownRestart && gateways[gateway].budget.attemptSince == nil
    return isRestart ? min(within, Self.restartPatience) : within
  }

  /// Puts a gateway that could start to rest where its login has to wait. Returns whether it has to.
  mutating func restsBeforeLogin(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) -> Bool {
    guard let gateway = gatewayPlace(place) else { return false }
    let budget = gateways[gateway].budget
    if budget.isGranted { return restsAsAsked(place, budget.askedUntil, now, &actions) }
    let mode = gateways[gateway].mode
    if let hold = budget.hold {
      records[place].settled = true
      enter(.held, place, now, "\(hold); when it may log in again: ibgw resume \(mode.rawValue)")
      log(.error, place, "held: \(records[place].why)", &actions)
      return true
    }
    if let reopens = budget.reopens(policy.loginLimits, at: now.uptime) {
      let until = max(reopens, budget.notBefore ?? reopens)
      let time = clock(now.wall + until - now.uptime)
      let last = budget.charges.last { $0.kind != .unknown }.map { ", the last because \($0.why)" } ?? ""
      let spent = "\(budget.spentWords(policy.loginLimits, at: now.uptime))\(last)"
      records[place].settled = true
      enter(.held, place, now, "\(spent); tried again at \(time), or at once by: ibgw resume \(mode.rawValue)")
      records[place].until = until
      log(.error, place, "held: \(records[place].why)", &actions)
      return true
    }
    guard let notBefore = budget.notBefore, notBefore > now.uptime else { return false }
    records[place].settled = true
    enter(.backingOff, place, now, why)
    records[place].until = notBefore
    log(.warning, place, "\(why); started again in \(spoken(milliseconds: notBefore - now.uptime))", &actions)
    return true
  }

  /// A person wants the login now. It would fail, and make things worse, while IBKR asks to wait.
  private mutating func restsAsAsked(
    _ place: Int, _ until: Int64?, _ now: Moment, _ actions: inout [Action]
  ) -> Bool {
    guard let until, until > now.uptime else { return false }
    records[place].settled = true
    let time = clock(now.wall + until - now.uptime)
    enter(.backingOff, place, now, "waits until \(time), as IBKR asks; a login before that would fail")
    records[place].until = until
    log(.warning, place, records[place].why, &actions)
    return true
  }

  /// A gateway may start as far as others are concerned; whether its login may.
  mutating func restsAtStart(_ place: Int, _ now: Moment, _ actions: inout [Action]) -> Bool {
    let last = gatewayPlace(place).flatMap { gateways[$0].budget.charges.last?.why }
    return restsBeforeLogin(last.map { "waits after a failed login (\($0))" } ?? "waits", place, now, &actions)
  }

  /// A login was for nothing and its processes are gone.
  mutating func restAfterLogin(_ why: String, _ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard isRunning else {
      enter(.stopped, place, now, why)
      log(.warning, place, "\(why); not started again in the stop", &actions)
      return
    }
    if !restsBeforeLogin(why, place, now, &actions) { enter(.waiting, place, now, "") }
  }

  /// A person wants this gateway to log in now.
  mutating func grantLogin(_ place: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let gateway = gatewayPlace(place) else { return }
    gateways[gateway].budget.grant(at: now.uptime)
    persist(gateway, now, &actions)
  }

  /// Starts the gateway of a mode, or each one, that waits for its next login or is held; or says in a sentence why not.
  public mutating func resume(_ mode: Mode?, at now: Moment) -> Result<[Action], Refusal> {
    let subject = mode?.rawValue ?? "any gateway"
    guard isRunning else { return .failure(Refusal(sentence: "cannot resume \(subject): the supervisor is stopping")) }
    let wanted = plans.indices.filter { plans[$0].mode != nil && (mode == nil || plans[$0].mode == mode) }
    guard !wanted.isEmpty else {
      return .failure(Refusal(sentence: "cannot resume \(subject): TRADING_MODE does not run it"))
    }
    let resting = wanted.filter { [.held, .backingOff].contains(records[$0].state) }
    guard !resting.isEmpty else {
      let states = wanted.map { "\(plans[$0].name) is \(records[$0].state.rawValue)" }.joined(separator: " and ")
      return .failure(Refusal(sentence: "cannot resume \(subject): nothing is held; \(states)"))
    }
    var actions: [Action] = []
    for place in resting {
      log(.info, place, "resume asked for by a person", &actions)
      orderStart(place, now, &actions)
    }
    return .success(actions + handle(.timePassed, at: now))
  }

  static var duel: String { "another session of the same user took over twice within 10 min" }

  /// The wall clock's time of day, such as `14:05 UTC`: a text that is as true a day later in another zone.
  private func clock(_ wall: Int64) -> String {
    let minute = ((wall / 60_000) % 1440 + 1440) % 1440
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(minute / 60)):\(two(minute % 60)) UTC"
  }
}
