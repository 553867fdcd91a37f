// Feeds everything that reads bytes of others with inputs made from a corpus, and prints how many each was given. A crash or a
// finding names the seed and the execution that replay it, and ends the program with another code than 0.
import ArgumentParser
import FoundationEssentials
import Glibc
import Processes

struct Fuzz: ParsableCommand {
  @Option(help: "How long to go on, in seconds, shared by all targets.") var seconds = 20
  @Option(help: "One target alone; all of them without it.") var target: String?
  @Option(help: "The seed; a new one without it, or what FUZZ_SEED says.") var seed: UInt64?
  @Option(help: "Only the execution of this number.") var iteration: UInt64?
  @Option(help: "Reads this file and nothing else.") var input: String?
  @Option(help: "The folder of the corpus.") var corpus = "Tests/Fuzz/Corpus"

  func run() throws {
    let chosen = Target.all.filter { target == nil || $0.name == target }
    guard !chosen.isEmpty else {
      throw ValidationError("there is no such target; there are: \(Target.all.map(\.name).joined(separator: ", "))")
    }
    let given = getenv("FUZZ_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = seed ?? given ?? UInt64.random(in: 0..<1_000_000_000)
    CrashNote.install()
    signal(SIGPIPE, SIG_IGN)
    print("seed \(seed)")
    print("target               executions   per second   memory gained")
    var total: UInt64 = 0
    for target in chosen {
      let campaign = try Campaign(target, corpus: corpus, seed: seed)
      if let input {
        try campaign.replay([UInt8](Data(contentsOf: URL(filePath: input))))
      } else if let iteration {
        try campaign.execute(iteration)
      } else {
        total += try measured(campaign, milliseconds: Int64(seconds) * 1000 / Int64(chosen.count))
      }
    }
    if total > 0 { print("\(total) executions in all, nothing found") }
  }

  private func measured(_ campaign: Campaign, milliseconds: Int64) throws -> UInt64 {
    // What is allocated once and kept is there after the first few.
    let first = try campaign.run(from: 0, milliseconds: milliseconds / 5)
    let before = resident
    let start = Campaign.uptime
    let count = try campaign.run(from: first, milliseconds: milliseconds - milliseconds / 5)
    let gained = resident - before
    let rate = Int64(count - first) * 1000 / max(1, Campaign.uptime - start)
    print(row(campaign.target.name, "\(count)", "\(rate)", "\(gained) MB"))
    fflush(nil)
    try expect(gained < 64, "\(campaign.target.name) keeps \(gained) MB")
    return count
  }

  private func row(_ name: String, _ cells: String...) -> String {
    let widths = [11, 13, 16]
    return zip(cells, widths).reduce(name + String(repeating: " ", count: max(0, 20 - name.count))) { line, cell in
      line + String(repeating: " ", count: max(1, cell.1 - cell.0.count)) + cell.0
    }
  }

  private var resident: Int { Int(ProcessTable.entry(of: getpid())?.residentPages ?? 0) * 4096 / 1_000_000 }
}

Fuzz.main()
