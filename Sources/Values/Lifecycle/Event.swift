import Trading

/// How a process ended.
public enum Exit: Sendable, Hashable, Codable, CustomStringConvertible {
  /// By itself, with this code.
  case code(Int32)
  /// By this signal.
  case signal(Int32)

  /// `exit code 3`, or `signal 9 (KILL)`.
  public var description: String {
    switch self {
    case .code(let code): "exit code \(code)"
    case .signal(let number): "signal \(number)\(Self.names[number].map { " (\($0))" } ?? "")"
    }
  }

  /// Whether it is an end that a program which works as it should does not come to: a code that is not 0. A signal came from outside.
  public var isFailure: Bool {
    if case .code(let code) = self { code != 0 } else { false }
  }

  /// The code that a shell would give for it: a signal's number plus 128.
  public var shellCode: Int32 {
    switch self {
    case .code(let code): code
    case .signal(let number): 128 + number
    }
  }

  private static let names: [Int32: String] = [
    1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 11: "SEGV",
    13: "PIPE", 15: "TERM",
  ]
}

/// What IBC has said about a login, read from its output.
public enum GatewayEvent: Sendable, Hashable, Codable {
  /// ibcstart.sh starts java, the first time or again.
  case javaStarting
  /// `Login attempt: N`.
  case loginAttempt(Int)
  /// The second factor is asked for.
  case secondFactorAsked
  /// The window that asks for it has closed: it was given, or its time is over, which IBC says next.
  case secondFactorClosed
  /// `Login has completed`, or a session that needs no login was taken up again.
  case loginCompleted
  /// A login was refused, in IBKR's words. IBC ends java and has it started again.
  case loginFailed(String)
  /// The second factor was not given in time; IBC begins the login again within seconds.
  case secondFactorMissed(String)
  /// IBC ends java to have it started again with a full login, for this reason.
  case coldRestart(String)
  /// Another session of the same user is there.
  case otherSession(OtherSession)
  /// IBKR asks to wait this many seconds before the next login.
  case tooManyFailures(wait: Int?)
  /// The main window has opened; its title tells a paper account from a live one.
  case mainWindow(isPaper: Bool)
  /// java has ended with this code; ibcstart.sh goes on.
  case javaEnded(Int32)
}

/// What becomes of another session of the same user, by IBC's choice.
public enum OtherSession: String, Sendable, Hashable, Codable, CaseIterable {
  /// A person has to choose which one goes on.
  case undecided
  /// This one goes on.
  case yields
  /// The other one goes on, and this one ends or has to log in anew.
  case takesOver = "takes-over"
}

extension GatewayEvent {
  /// Why a login has failed, where this says that one has.
  var failedLogin: String? {
    switch self {
    case .loginFailed(let why), .secondFactorMissed(let why), .coldRestart(let why): why
    case .tooManyFailures(let wait):
      "too many failed logins; IBKR asks to wait\(wait.map { " \(spoken(milliseconds: Int64($0) * 1000))" } ?? "")"
    case .javaStarting, .loginAttempt, .secondFactorAsked, .secondFactorClosed, .loginCompleted: nil
    case .mainWindow, .javaEnded, .otherSession: nil
    }
  }
}

/// What happened to one service.
public enum ServiceEvent: Sendable, Hashable, Codable {
  /// Its process was started.
  case spawned(pid: Int32)
  /// Its process could not be started. `missing`: the program is not there, so that trying again soon is of no use.
  case spawnFailed(why: String, missing: Bool)
  /// It says that it is up.
  case ready
  /// A gateway's ibcstart.sh is gone, and other processes of it are still there.
  case leaderEnded(Exit)
  /// All its processes are gone.
  case ended(Exit)
  /// IBC's command server could not be asked to stop the gateway.
  case askFailed
  /// It runs and does not answer any more.
  case unresponsive
  /// A signal such as STOP keeps its first process from running.
  case suspended
  /// IBC has said something.
  case gateway(GatewayEvent)
}

/// Everything that can happen.
public enum Event: Sendable, Hashable, Codable {
  /// The supervisor begins.
  case begin
  /// Something happened to a service.
  case service(ServiceName, ServiceEvent)
  /// TERM or INT: stop in order; a second one hurries, a third one kills.
  case stopRequested(by: String)
  /// The supervisor itself fails again and again, for this reason: everything is stopped in order, with its exit code for a fault.
  case supervisorFails(String)
  /// The probe has seen something new.
  case observed(ProbeReport)
  /// How many bytes the relay has carried for a gateway so far; nil when it could not be asked.
  case traffic(Mode, Int64?)
  /// Something happened to the tailnet.
  case tailnet(TailnetEvent)
  /// A deadline may have passed.
  case timePassed
}

/// What a person asks for.
public enum Order: String, Sendable, Hashable, Codable {
  /// Start a service that is stopped, held, degraded or waiting for its next try.
  case start
  /// Stop a service until it is told to start.
  case stop
  /// Stop it and start it again.
  case restart
}

/// Why an order is not carried out, in one sentence.
public struct Refusal: Error, Sendable, Hashable {
  /// The sentence.
  public var sentence: String
}

/// How much a log line matters.
public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// For the one who looks for a fault in detail.
  case debug
  /// What happens.
  case info
  /// What somebody should look at.
  case warning
  /// What somebody must act on.
  case error

  /// From the least to the most.
  public static func < (left: Severity, right: Severity) -> Bool {
    allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
  }
}

/// What has to be done.
public enum Action: Sendable, Hashable, Codable {
  /// Start the service's process and say `spawned` or `spawnFailed`.
  case spawn(ServiceName)
  /// Tell IBC's command server of this gateway to stop it.
  case ask(ServiceName)
  /// Tell IBC's command server of this gateway to end it with its session kept.
  case pause(ServiceName)
  /// TERM to every process of the service.
  case terminate(ServiceName)
  /// KILL to the gateway's ibcstart.sh alone, so that it cannot start java again; `leaderEnded` or `ended` follows.
  case killLeader(ServiceName)
  /// KILL to every process of the service.
  case kill(ServiceName)
  /// CONT to every process of the service.
  case proceed(ServiceName)
  /// Write a line to the log.
  case log(Severity, ServiceName?, String)
  /// Tell the relay whether to listen for this gateway's clients.
  case relay(Mode, RelayOrder)
  /// Ask the relay how many bytes it has carried for this gateway; `traffic` follows.
  case askTraffic(Mode)
  /// Give IBC's command server of this gateway a command.
  case command(Mode, IBCCommand)
  /// Write down what this gateway's logins have cost, so that the next supervisor knows.
  case persist(Mode, LoginBudget)
  /// Look whether the stop that began then, in ms since 1970, has left the gateway's session for the next start, and say so.
  case verifySession(Mode, since: Int64)
  /// Ask this of tailscaled; `loginEnded`, `loginUndelivered` or `loggedOut` follows.
  case tailnet(TailnetOrder)
  /// Tell the person.
  case alert(Alert)
  /// Everything has ended: leave with this code.
  case exit(Int32)
}
