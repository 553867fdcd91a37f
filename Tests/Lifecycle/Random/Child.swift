import Lifecycle

/// The processes of one service in the simulated world: a daemon's or a script's one, or ibcstart.sh and its java.
struct Child {
  let pid: Int32
  /// The process that was spawned: the only one, or ibcstart.sh.
  var leaderAlive = true
  /// A gateway's java.
  var javaAlive = false
  /// Which java of this ibcstart.sh it is.
  var java = 0
  /// It has come up, or has logged in.
  var isUp = false
  /// It takes no notice of TERM, nor of IBC's command server.
  var isDeaf: Bool
  /// It is in the kernel until this uptime, and no signal reaches it before.
  var stuckUntil: Int64 = 0
  var timesTerminated = 0
  var wasKilled = false

  init(pid: Int32, isDeaf: Bool) {
    self.pid = pid
    self.isDeaf = isDeaf
  }
}

/// Something that is going to happen in the simulated world. What concerns a process names it by its pid, and is void once it is gone.
enum Happening {
  /// A spawn that was asked for succeeds or fails.
  case spawn(Int)
  /// The service says something.
  case says(Int, pid: Int32, ServiceEvent)
  /// One java of a gateway says something; the next one of the same ibcstart.sh knows nothing of it.
  case javaSays(Int, pid: Int32, java: Int, GatewayEvent)
  /// ibcstart.sh starts java.
  case javaStarts(Int, pid: Int32)
  /// The whole service ends: its only process, or all of them.
  case ends(Int, pid: Int32, Exit)
  /// ibcstart.sh alone ends.
  case leaderEnds(Int, pid: Int32, Exit)
  /// java alone ends; its shell starts it again, or ends with the same code.
  case javaEnds(Int, pid: Int32, Exit, again: Bool)
  /// Something goes wrong, or a person does something.
  case disturbance
  /// TERM or INT.
  case term
}
