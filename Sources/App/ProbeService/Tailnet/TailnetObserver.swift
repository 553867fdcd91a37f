import Clocks
import Files
import Glibc
import Lifecycle
import NIOCore
import Splice
import Tailnet

/// Talks to tailscaled: follows its bus, reads its status on every news and a few times a minute, and puts to it what PID 1 has decided.
///
/// Everything is owned by `loop`, and must be called there.
final class TailnetObserver {
  /// How often the status is read without any news, since nothing tells of a lost control server; and every how many times with the
  /// peers, whose list may be long.
  private static let pollInterval = TimeAmount.seconds(5)
  private static let pollsPerCount = 12
  /// How soon a socket that is not served is tried again: soon and so many times for a daemon that starts, later for one that is not
  /// there.
  private static let soon = TimeAmount.milliseconds(25)
  private static let later = TimeAmount.seconds(1)
  private static let soonTries = 80
  /// How soon, and how many times, the status of a node is read that is up and has not heard the control server yet.
  private static let onlineInterval = TimeAmount.milliseconds(250)
  private static let onlineReads = 20
  /// How many statuses in a row stay unanswered until tailscaled, whose conversation stands, is said not to answer.
  private static let silencesBorne = 1

  let configuration: ProbeServiceConfiguration.Tailnet
  let api: LocalAPI
  let loop: any EventLoop
  let report: (TailnetReport) -> Void
  private let say: (Severity, String) -> Void

  var watch = TailnetWatch()
  private var hasBegun = false
  private(set) var isStopped = false
  private var tries = 0
  private var onlineReadsLeft = TailnetObserver.onlineReads
  private var isReading = false
  private var readAgain = false
  private var polls = 0
  private var silences = 0
  var served: (stamp: String?, isUp: Bool) = (nil, false)

  init(
    _ configuration: ProbeServiceConfiguration.Tailnet, on loop: any EventLoop,
    report: @escaping (TailnetReport) -> Void, say: @escaping (Severity, String) -> Void
  ) {
    self.configuration = configuration
    self.loop = loop
    self.report = report
    self.say = say
    api = LocalAPI(socket: configuration.socket, on: loop)
  }

  /// Begins to observe.
  func run() {
    watch.note(keyStamp: configuration.keyFile.flatMap(Self.stamp))
    follow()
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleRepeatedTask(initialDelay: Self.pollInterval, delay: Self.pollInterval) { task in
      guard !bound.value.isStopped else { return task.cancel() }
      bound.value.poll()
    }
  }

  /// Nothing is reported after this.
  func stop() { isStopped = true }

  // MARK: What it sees

  private func follow() {
    let bound = NIOLoopBound(self, eventLoop: loop)
    hasBegun = false
    api.watch { bound.value.heard($0) }.whenComplete { result in
      switch result {
      case .success: bound.value.lost("tailscaled has ended the conversation")
      case .failure(let error): bound.value.lost("\(error)")
      }
    }
  }

  private func heard(_ message: BusMessage) {
    if !hasBegun {
      hasBegun = true
      tries = 0
      onlineReadsLeft = Self.onlineReads
      (polls, silences) = (0, 0)
      watch.begin()
    }
    watch.hear(message)
    read()
  }

  private func lost(_ why: String) {
    guard !isStopped else { return }
    if hasBegun || watch.report.why != why {
      watch.lose(why)
      served.isUp = false
      report(watch.report)
    }
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: tries < Self.soonTries ? Self.soon : Self.later) {
      if !bound.value.isStopped { bound.value.follow() }
    }
    tries += 1
  }

  private func poll() {
    let stamp = configuration.keyFile.flatMap(Self.stamp)
    if stamp != watch.report.keyStamp {
      watch.note(keyStamp: stamp)
      report(watch.report)
    }
    if hasBegun { read() }
  }

  /// Reads the status; news that come meanwhile have it read once more.
  private func read() {
    guard !isReading else {
      readAgain = true
      return
    }
    isReading = true
    readAgain = false
    let isUp = watch.report.backend == "Running"
    let counts = isUp && polls % Self.pollsPerCount == 0
    if isUp { polls += 1 }
    let bound = NIOLoopBound(self, eventLoop: loop)
    api.status(peers: counts).whenComplete { result in
      let observer = bound.value
      observer.isReading = false
      guard !observer.isStopped, observer.hasBegun else { return }
      switch result {
      case .failure(let error): observer.silent("\(error)")
      case .success(let status):
        observer.silences = 0
        let wasUp = observer.watch.report.backend == "Running"
        observer.watch.take(status, at: SystemClock.uptime)
        observer.serveIfDue()
        observer.report(observer.watch.report)
        // The peers are counted as soon as there are any.
        if !wasUp, observer.watch.report.backend == "Running" { observer.readAgain = true }
        observer.awaitOnline()
      }
      if observer.readAgain { observer.read() }
    }
  }

  /// It runs, its conversation stands, and a question was not answered. It is asked again at the next poll.
  private func silent(_ why: String) {
    silences += 1
    guard silences > Self.silencesBorne, watch.report.isReachable || watch.report.why.isEmpty else { return }
    watch.lose("tailscaled runs and does not answer (\(why)); if that lasts: ibgw restart tailscaled")
    served.isUp = false
    report(watch.report)
  }

  /// The first word from the control server is not said on the bus.
  private func awaitOnline() {
    guard watch.report.backend == "Running", !watch.report.isOnline, onlineReadsLeft > 0 else { return }
    onlineReadsLeft -= 1
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: Self.onlineInterval) {
      if !bound.value.isStopped, bound.value.hasBegun { bound.value.read() }
    }
  }

  // MARK: What is put to it

  /// Joins the tailnet, or asks for an address at which a person can add the node.
  func logIn(_ login: TailnetLogin) -> EventLoopFuture<Void> {
    let hasNodeKey = watch.report.hasNodeKey
    watch.beginLogin(at: SystemClock.uptime)
    return api.logIn(login, hasNodeKey: hasNodeKey)
  }

  /// What changes with a file: it may be written anew in place, or another one put there.
  static func stamp(_ path: String) -> String? {
    var status = Glibc.stat()
    guard stat(path, &status) == 0 else { return nil }
    return "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }
}
