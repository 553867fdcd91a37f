import Trading

@testable import Lifecycle

/// What goes wrong, what a person does, and how it all comes right again.
extension World {
  /// Something goes wrong, and the next thing will.
  mutating func disturb() {
    if isHealed { return }
    future.add(.disturbance, at: now.uptime + sometime(120_000))
    let place = Int(random.below(Int64(plans.count)))
    let other = children[place]
    switch random.below(20) {
    case 0...6: end(place, other)
    case 7...8: children[place]?.isDeaf = true
    case 9: stick(place)
    case 10: missing.formSymmetricDifference([place])
    case 11...12: sayTooLate(place)
    case 13: tell(.begin)
    case 14: tell(.timePassed)
    case 15: personOrders(plans[place].name)
    case 16: resume()
    case 17:
      guard let other, plans[place].mode != nil else { return }
      future.add(.says(place, pid: other.pid, .gateway(.otherSession(.takesOver))), at: now.uptime + sometime(300_000))
    default: personOrders(plans[place].name)
    }
  }

  /// The kernel keeps a service's processes for up to ten minutes.
  mutating func stick(_ place: Int) {
    let until = now.uptime + random.below(600_000)
    children[place]?.stuckUntil = until
  }

  private mutating func end(_ place: Int, _ child: Child?) {
    guard let child else { return }
    let time = max(now.uptime + 1, child.stuckUntil)
    let exit = pick([.signal(9), .signal(11), .signal(15), .code(0), .code(1), .code(2)] as [Exit])
    switch (plans[place].mode != nil, random.below(4)) {
    case (true, 0): future.add(.leaderEnds(place, pid: child.pid, exit), at: time)
    case (true, 1): future.add(.javaEnds(place, pid: child.pid, exit, again: false), at: time)
    case (true, 2): future.add(.javaEnds(place, pid: child.pid, exit, again: true), at: time)
    default: future.add(.ends(place, pid: child.pid, exit), at: time)
    }
  }

  /// A line that was still in the pipe of a process that is gone.
  private mutating func sayTooLate(_ place: Int) {
    guard children[place] == nil && !spawnsUnderWay[place] else { return }
    let late: [ServiceEvent] = [.ready, .gateway(.loginCompleted), .gateway(.javaEnded(0)), .ended(.signal(9))]
    tell(.service(plans[place].name, pick(late)))
  }

  private mutating func personOrders(_ name: ServiceName) {
    order(pick([.start, .start, .stop, .restart]), chance(95) ? name : "sshd")
  }

  /// The world comes right: what hangs goes on, what is missing is installed, who was told hears; and a person starts what waits for one.
  mutating func heal() {
    isHealed = true
    missing = []
    for place in plans.indices {
      children[place]?.isDeaf = false
      children[place]?.stuckUntil = 0
      guard let child = children[place] else { continue }
      let soon = now.uptime + sometime(3000)
      if child.wasKilled { future.add(.ends(place, pid: child.pid, .signal(9)), at: soon) }
      switch plans[place].kind {
      case .task: future.add(.ends(place, pid: child.pid, .code(0)), at: soon)
      case .daemon: if !child.isUp { future.add(.says(place, pid: child.pid, .ready), at: soon) }
      case .gateway:
        if !child.javaAlive && child.leaderAlive { future.add(.javaStarts(place, pid: child.pid), at: soon) }
        if child.javaAlive && !child.isUp {
          future.add(.says(place, pid: child.pid, .gateway(.loginCompleted)), at: soon)
        }
      }
    }
    for (plan, record) in zip(plans, lifecycle.records) where plan.kind != .task {
      if [.held, .stopped, .stopping].contains(record.state) { order(.start, plan.name) }
    }
  }
}
