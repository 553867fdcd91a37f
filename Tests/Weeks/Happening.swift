import Lifecycle
import Trading

/// Something that is going to happen. What concerns a process names its run, and is void once that is over.
enum Happening {
  /// The answer to a spawn.
  case spawned(place: Int)
  case ready(place: Int, run: Int)
  case ends(place: Int, run: Int, Exit)
  /// ibcstart.sh alone is killed.
  case leaderEnds(place: Int, run: Int)
  case javaStarts(place: Int, run: Int)
  /// One java goes on to its next moment.
  case java(place: Int, java: Int, Moment)

  /// What comes again and again.
  case weatherChanges, clockJumps, containerEnds, personLooks, dailyRestart, reset, serviceDies, processOneCrashes

  enum Moment {
    case windowOpens, secondFactor, result, relogin, apiOpens, crash, halts(Int32)
    case wedges, recovers, linkIsLost, linkIsBack
  }

  static let recurring: [Happening] = [
    .weatherChanges, .clockJumps, .containerEnds, .personLooks, .dailyRestart, .reset, .serviceDies, .processOneCrashes,
  ]
}

extension Happening {
  /// What concerns a process, and is void once none is left.
  var concernsProcess: Bool {
    switch self {
    case .spawned, .ready, .ends, .leaderEnds, .javaStarts, .java: true
    default: false
    }
  }
}
