import Lifecycle
import Trading

/// The life of a java, as IBC tells it.
extension World {
  mutating func startJava(_ place: Int) {
    counter += 1
    processes[place]?.java = counter
    processes[place]?.attempts = 0
    let java = counter
    say(place, .gateway(.javaStarting))
    guard processes[place]?.java == java else { return }
    if weather == .noDialog && !isHealed { return plan(.java(place: place, java: java, .halts(88)), in: 61_000) }
    plan(.java(place: place, java: java, .windowOpens), in: 4000 + dice.below(10_000))
  }

  mutating func goesOn(_ place: Int, _ moment: Happening.Moment) {
    guard let mode = plans[place].mode, let java = processes[place]?.java else { return }
    switch moment {
    case .windowOpens:
      let account = accounts[mode] ?? Account()
      let takesUp = (account.isRestart || account.isKept) && account.canTakeUp(at: truth)
      accounts[mode]?.isKept = false
      takesUp ? logIn(place, mode) : attempt(place, mode)
    case .relogin: attempt(place, mode)
    case .secondFactor:
      say(place, .gateway(.secondFactorAsked))
      plan(.java(place: place, java: java, .result), in: personConfirms ? 3000 + dice.below(60_000) : 180_000)
    case .result: result(place, mode)
    case .apiOpens:
      processes[place]?.apiIsOpen = true
      observe(place)
    case .wedges, .recovers:
      let isWedge = if case .wedges = moment { true } else { false }
      guard processes[place]?.apiIsOpen == true else { return }
      processes[place]?.wedgedSince = isWedge ? truth : nil
      processes[place]?.flows = isWedge && dice.chance(40)
      if isWedge {
        count("wedge")
        plan(.java(place: place, java: java, .recovers), in: dice.sometime(Self.hour))
      }
      observe(place)
    case .linkIsLost, .linkIsBack:
      let isLost = if case .linkIsLost = moment { true } else { false }
      processes[place]?.linkIsLost = isLost
      if isLost { plan(.java(place: place, java: java, .linkIsBack), in: dice.sometime(2 * Self.hour)) }
      observe(place)
    case .crash: javaEnds(place, 1, again: false)
    case .halts(let code):
      if code == 88 { accounts[mode]?.isOrdered = false }
      let again = code == 88 || processes[place]?.isLoggedIn == false && weather == .wrongPassword
      javaEnds(place, code, again: again || accounts[mode]?.isRestart == true && lifecycle.phase == .running)
    }
  }

  /// java has ended; ibcstart.sh, where it is still there, starts it again or ends too.
  mutating func javaEnds(_ place: Int, _ code: Int32, again: Bool) {
    processes[place]?.forgetJava()
    guard let process = processes[place], process.leads else { return end(place, .code(code)) }
    say(place, .gateway(.javaEnded(code)))
    observe(place)
    guard let process = processes[place], process.leads, again else { return end(place, .code(code)) }
    plan(.javaStarts(place: place, run: process.run), in: 1000 + dice.below(3000))
  }

  private var personConfirms: Bool {
    if isHealed { return true }
    return weather != .away && isDaytime
  }

  private mutating func attempt(_ place: Int, _ mode: Mode) {
    processes[place]?.attempts += 1
    count("attempt")
    // What ibcstart.sh begins in the middle of a stop nobody could keep from beginning.
    if lifecycle.phase == .running, let wrong = accounts[mode]?.attempt(at: truth, policy.loginLimits) {
      fails("\(mode): \(wrong), \(weather)")
    }
    let java = processes[place]?.java
    say(place, .gateway(.loginAttempt(processes[place]?.attempts ?? 1)))
    guard let java, processes[place]?.java == java else { return }
    let asks = isHealed || weather != .wrongPassword && weather != .duel
    plan(.java(place: place, java: java, asks ? .secondFactor : .result), in: 2000 + dice.below(10_000))
  }

  private mutating func result(_ place: Int, _ mode: Mode) {
    guard let java = processes[place]?.java else { return }
    func halt(_ world: inout World) {
      if world.processes[place]?.java == java { world.plan(.java(place: place, java: java, .halts(0)), in: 400) }
    }
    if !isHealed && accounts[mode]?.isThrottled(at: truth) == true {
      failed(mode)
      return say(place, .gateway(.tooManyFailures(wait: 287)))
    }
    if !personConfirms {
      failed(mode)
      if dice.chance(40) { return javaEnds(place, 87, again: false) }
      say(place, .gateway(.secondFactorMissed("the second factor was not given in time")))
      if processes[place]?.java == java { plan(.java(place: place, java: java, .relogin), in: 5000) }
      return
    }
    switch isHealed ? .fine : weather {
    case .wrongPassword:
      failed(mode)
      say(place, .gateway(.loginFailed("IBKR does not know the user name or the password")))
      halt(&self)
    case .duel:
      say(place, .gateway(.otherSession(.takesOver)))
      halt(&self)
    case .stuck: break
    default: logIn(place, mode)
    }
  }

  private mutating func failed(_ mode: Mode) {
    if accounts[mode]?.fails(at: truth) == true { count("IBKR would lock the account, orders included") }
  }

  private mutating func logIn(_ place: Int, _ mode: Mode) {
    guard let java = processes[place]?.java else { return }
    let isWhole = accounts[mode]?.isRestart != true || accounts[mode]?.canTakeUp(at: truth) != true
    if isWhole { accounts[mode]?.logsIn(at: truth) }
    accounts[mode]?.isRestart = false
    accounts[mode]?.isOrdered = false
    processes[place]?.isLoggedIn = true
    processes[place]?.loggedInAt = truth
    if lifecycle.phase != .running {
      // Completed in the middle of a person's stop, and ended by it.
      accounts[mode]?.endsByOrder()
      accounts[mode]?.isOrdered = true
    }
    count("login")
    say(place, .gateway(.loginCompleted))
    guard processes[place]?.java == java else { return }
    plan(.java(place: place, java: java, .apiOpens), in: 500 + dice.below(4000))
    guard !isHealed else { return }
    let patience = weather == .crashLoop ? Self.minute * (1 + dice.below(90)) : Self.hour * (1 + dice.below(300))
    plan(.java(place: place, java: java, .crash), in: patience)
  }
}
