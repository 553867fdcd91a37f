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

/// What is to come, in the order of time; of equal times in the order of its making.
struct Future {
  private var entries: [(time: Int64, what: Happening)] = []

  var nextTime: Int64? { entries.last?.time }

  mutating func add(_ what: Happening, at time: Int64) {
    var index = entries.count
    while index > 0 && entries[index - 1].time <= time { index -= 1 }
    entries.insert((time, what), at: index)
  }

  mutating func takeNext() -> Happening { entries.removeLast().what }

  /// No process is left that anything could happen to.
  mutating func forgetProcesses() {
    entries.removeAll { entry in
      switch entry.what {
      case .spawned, .ready, .ends, .leaderEnds, .javaStarts, .java: true
      default: false
      }
    }
  }
}
