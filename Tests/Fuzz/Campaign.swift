import FoundationEssentials
import Glibc

/// Feeds one target with one input after the other, until its time is up or something does not hold.
struct Campaign {
  let target: Target
  let mutation: Mutation
  let seed: UInt64

  init(_ target: Target, corpus folder: String, seed: UInt64) throws {
    self.target = target
    self.seed = seed
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(target.name)")) ?? []
    let corpus = try files.sorted().map {
      try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(target.name)/\($0)")))
    }
    mutation = Mutation(corpus: corpus, words: target.words.map { Array($0.utf8) })
    guard !corpus.isEmpty else { throw Finding("\(folder)/\(target.name) holds no file: the corpus is not there") }
  }

  /// Executes one after the other from the one of this number on, for so long, and returns the number of the next.
  func run(from first: UInt64, milliseconds: Int64) throws -> UInt64 {
    let end = Self.uptime + milliseconds
    var iteration = first
    while Self.uptime < end {
      for _ in 0..<(target.isSlow ? 4 : 64) {
        try execute(iteration)
        iteration += 1
      }
    }
    return iteration
  }

  /// The execution of this number, which is the same each time.
  func execute(_ iteration: UInt64) throws {
    var dice = dice(iteration)
    let input = mutation.input(&dice)
    try read(input, &dice, "FUZZ_SEED=\(seed) Tests/Fuzz/run --target \(target.name) --iteration \(iteration)")
  }

  /// Reads an input that somebody has kept.
  func replay(_ input: [UInt8]) throws {
    for round in 0..<1000 as Range<UInt64> {
      var dice = dice(round)
      try read(input, &dice, "\(target.name), a file's input")
    }
  }

  private func read(_ input: [UInt8], _ dice: inout Dice, _ words: String) throws {
    CrashNote.begin(words, input)
    do { try target.check(input, &dice) } catch {
      CrashNote.tell("something does not hold\n")
      throw error
    }
  }

  private func dice(_ iteration: UInt64) -> Dice {
    let name = target.name.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return Dice(seed: (seed &* 0x9E37_79B9_7F4A_7C15) ^ name ^ (iteration &* 0xD134_2543_DE82_EF95))
  }

  static var uptime: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }
}
