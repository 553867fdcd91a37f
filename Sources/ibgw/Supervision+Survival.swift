import FoundationEssentials
import Glibc
import Preparation
import Processes
import Supervisor
import Survival

/// The beginning of a program that goes on after its own crash: the first in its process, or one that takes another's place.
extension Supervision {
  /// What a supervisor needs for that, before it has its lock.
  struct Survival {
    var ledger: Ledger
    let reexecution: Reexecution
    let heritage: Heritage?
  }

  /// Prepares for a crash, and reads what the program before has left. From here on a fatal signal executes the program anew.
  /// Nil where nothing can be prepared, which costs no more than that.
  func takeUp() -> Survival? {
    guard survives else { return nil }
    guard let ledger = inherited.map({ Ledger(inherited: $0) }) ?? Ledger() else {
      if inherited != nil { giveUp("its descriptor holds no ledger") }
      printError(
        "a crash of this process would end everything: the kernel gives no memory that outlives it (memfd_create)")
      return nil
    }
    let arguments = ["run", "--adopt", "\(ledger.descriptor)"]
    guard let reexecution = Reexecution(arguments: arguments, ledger: ledger) else {
      if inherited != nil { giveUp("the handlers of fatal signals cannot be installed") }
      printError("a crash of this process would end everything: the handlers of fatal signals cannot be installed")
      return nil
    }
    guard inherited != nil else { return Survival(ledger: ledger, reexecution: reexecution, heritage: nil) }
    guard let heritage = Heritage(ledger) else { giveUp("its ledger does not say which processes there are") }
    // Where nothing had been begun this frees the lock, too: it is taken again.
    Descriptors.closeAll(but: heritage.descriptors.union([ledger.descriptor]))
    return Survival(ledger: ledger, reexecution: reexecution, heritage: heritage)
  }

  private func giveUp(_ why: String) -> Never {
    printError("cannot go on for another program: \(why); --adopt is for ibgw's own use, start it by: ibgw run")
    leave(ExitStatus.internal)
  }

  /// The files as the program before has written them, else written now; and everything that is needed to go on after a crash.
  func prepareFiles(_ survival: Survival?, lock: Int32) -> (PreparedFiles, Continuity?) {
    guard var survival else { return (prepareFiles(), nil) }
    let prepared: PreparedFiles
    if survival.heritage != nil, let bytes = survival.ledger.read(.files),
      let known = try? JSONDecoder().decode(PreparedFiles.self, from: Data(bytes))
    {
      prepared = known
    } else {
      prepared = prepareFiles()
      if let json = try? JSONEncoder().encode(prepared) { survival.ledger.write(Array(json), to: .files) }
    }
    Descriptors.keep(lock)
    return (
      prepared,
      Continuity(
        ledger: survival.ledger, reexecution: survival.reexecution, lock: lock, heritage: survival.heritage)
    )
  }
}
