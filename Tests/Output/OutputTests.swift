import Glibc
import Output
import Testing

@Suite struct LineSplitterTests {
  private func lines(_ pieces: [String], finish: Bool = false) -> [String] {
    var splitter = LineSplitter()
    var lines: [String] = []
    for piece in pieces { splitter.take(piece.utf8) { lines.append(String(decoding: $0, as: UTF8.self)) } }
    if finish { splitter.finish { lines.append(String(decoding: $0, as: UTF8.self)) } }
    return lines
  }

  @Test(arguments: [
    (["a\nb\n"], ["a", "b"]), (["a", "b", "\n"], ["ab"]), (["\n\n"], ["", ""]), (["a\r\nb\n"], ["a", "b"]),
    (["a\rb\n"], ["a\rb"]), (["no end"], []),
  ])
  func `lines come whole, however the bytes are cut`(pieces: [String], expected: [String]) {
    #expect(lines(pieces) == expected)
  }

  @Test func `what stands after the last line feed comes at the end`() {
    #expect(lines(["a\nrest"], finish: true) == ["a", "rest"])
  }

  @Test func `a line of 64 KiB is kept whole and a longer one comes in pieces`() {
    let exact = String(repeating: "x", count: LineSplitter.limit - 1)
    #expect(lines([exact, "\n"]) == [exact])
    let long = String(repeating: "y", count: LineSplitter.limit + 10)
    #expect(lines([long, "\n"]).map(\.utf8.count) == [LineSplitter.limit, 10])
  }
}

@Suite struct OutputQueueTests {
  @Test func `a reader that does not read neither blocks the writer nor grows its memory, and learns what was dropped`()
  {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    defer { close(ends[0]) }
    var queue = OutputQueue(descriptor: ends[1])
    let line = Array((String(repeating: "z", count: 999) + "\n").utf8)
    for _ in 0..<3000 { queue.write(line) }
    let waits = queue.isWaiting
    #expect(waits)

    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    func readAll() {
      while true {
        var entry = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 0) == 1, entry.revents & Int16(POLLIN) != 0 else { return }
        text += buffer[..<max(0, read(ends[0], &buffer, buffer.count))]
      }
    }
    func catchUp() {
      repeat {
        readAll()
        queue.flush()
      } while queue.isWaiting
      readAll()
    }
    catchUp()
    queue.write(Array("after\n".utf8))
    catchUp()
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let whole = lines.filter { $0.count == 999 }.count
    #expect(whole * 1000 <= OutputQueue.limit + 65536)
    #expect(lines.suffix(2) == ["... \(3000 - whole) log lines were dropped here: their reader was too slow", "after"])
    close(ends[1])
  }

  @Test func `a reader that is gone costs nothing`() {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    signal(SIGPIPE, SIG_IGN)
    close(ends[0])
    var queue = OutputQueue(descriptor: ends[1])
    queue.write(Array("nobody reads this\n".utf8))
    let waits = queue.isWaiting
    #expect(!waits)
    close(ends[1])
  }
}
