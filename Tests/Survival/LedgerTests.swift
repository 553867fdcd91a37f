import Glibc
import Testing

@testable import Survival

/// The ledger is read again under its descriptor alone, as the next program in the process does.
@Suite struct LedgerTests {
  private func text(_ string: String) -> [UInt8] { Array(string.utf8) }

  @Test func `each document is read as it was written last`() throws {
    var ledger = try #require(Ledger())
    defer { close(ledger.descriptor) }
    #expect(ledger.read(.children) == nil)
    for number in 1...5 {
      ledger.write(text("children \(number)"), to: .children)
      ledger.write([UInt8](repeating: UInt8(number), count: number * 10_000), to: .decisions)
      let next = try #require(Ledger(inherited: ledger.descriptor))
      #expect(next.read(.children) == text("children \(number)"))
      #expect(next.read(.decisions) == [UInt8](repeating: UInt8(number), count: number * 10_000))
      #expect(next.read(.files) == nil)
    }
  }

  @Test func `the next program writes on where the one before has stopped`() throws {
    var first = try #require(Ledger())
    defer { close(first.descriptor) }
    for number in 1...3 { first.write(text("\(number)"), to: .children) }
    var second = try #require(Ledger(inherited: first.descriptor))
    second.write(text("of the second"), to: .children)
    #expect(try #require(Ledger(inherited: first.descriptor)).read(.children) == text("of the second"))
  }

  @Test func `a document that was half written is not taken for whole: the one before counts`() throws {
    var ledger = try #require(Ledger())
    defer { close(ledger.descriptor) }
    ledger.write(text("the first one"), to: .children)
    ledger.write(text("the second one"), to: .children)
    // Every single byte of the file from the slots' beginning on, as a crash or a stray write might leave it.
    let size = Int(lseek(ledger.descriptor, 0, SEEK_END))
    var damaged = 0
    var offset = Ledger.slotsOffset
    while offset < size {
      var block = [UInt8](repeating: 0, count: 65_536)
      let count = pread(ledger.descriptor, &block, block.count, off_t(offset))
      for index in 0..<max(0, count) where block[index] != 0 {
        var changed = block[index] ^ 0x55
        pwrite(ledger.descriptor, &changed, 1, off_t(offset + index))
        let seen = Ledger(inherited: ledger.descriptor)?.read(.children)
        #expect(seen == text("the first one") || seen == text("the second one"))
        damaged += 1
        pwrite(ledger.descriptor, &block[index], 1, off_t(offset + index))
      }
      offset += block.count
    }
    #expect(damaged > 40)
  }

  @Test func `what is too long is refused, and what was there stays`() throws {
    var ledger = try #require(Ledger())
    defer { close(ledger.descriptor) }
    ledger.write(text("short"), to: .decisions)
    let isWritten = ledger.write([UInt8](repeating: 1, count: Ledger.limit + 1), to: .decisions)
    #expect(!isWritten)
    #expect(ledger.read(.decisions) == text("short"))
  }

  @Test func `how far the actions have come counts for the decisions that they belong to alone`() throws {
    var ledger = try #require(Ledger())
    defer { close(ledger.descriptor) }
    ledger.write(text("three actions"), to: .decisions)
    #expect(ledger.begun == 0)
    ledger.note(begun: 2)
    #expect(try #require(Ledger(inherited: ledger.descriptor)).begun == 2)
    ledger.write(text("children change meanwhile"), to: .children)
    #expect(try #require(Ledger(inherited: ledger.descriptor)).begun == 2)
    ledger.write(text("other actions"), to: .decisions)
    #expect(try #require(Ledger(inherited: ledger.descriptor)).begun == 0)
  }

  @Test func `what is no ledger is not taken for one`() throws {
    #expect(Ledger(inherited: -1) == nil)
    #expect(Ledger(inherited: 987_654) == nil)
    let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    #expect(Ledger(inherited: file) == nil)
    let empty = try #require(Ledger())
    defer { close(empty.descriptor) }
    #expect(Ledger(inherited: empty.descriptor)?.has(.children) == false)
    #expect(empty.crashes.isEmpty)
  }
}
