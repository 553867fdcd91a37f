import Glibc
import Testing

@testable import Splice

@Suite struct TransferModeTests {
  @Test func `four full reads in a row are a stream`() {
    var mode = TransferMode()
    #expect((0..<3).map { _ in mode.hasRead(65_536, of: 65_536) } == Array(repeating: false, count: (0..<3).count))
    #expect(mode.hasRead(65_536, of: 65_536) == true)
  }

  @Test func `a short read in between begins the count anew`() {
    var mode = TransferMode()
    for _ in 0..<3 { #expect(mode.hasRead(65_536, of: 65_536) == false) }
    #expect(mode.hasRead(100, of: 65_536) == false)
    for _ in 0..<3 { #expect(mode.hasRead(65_536, of: 65_536) == false) }
    #expect(mode.hasRead(65_536, of: 65_536) == true)
  }

  @Test func `eight small splices in a row are messages`() {
    var mode = TransferMode()
    mode.change(splices: true)
    #expect((0..<7).map { _ in mode.hasSpliced(1460) } == Array(repeating: false, count: (0..<7).count))
    #expect(mode.hasSpliced(16_384) == false)
    #expect((0..<7).map { _ in mode.hasSpliced(16_383) } == Array(repeating: false, count: (0..<7).count))
    #expect(mode.hasSpliced(1) == true)
  }

  @Test func `evidence that nothing follows from does not overflow`() {
    var copying = TransferMode()
    for _ in 0..<1000 { _ = copying.hasRead(65_536, of: 65_536) }
    #expect(copying.hasRead(65_536, of: 65_536) == true)
    var splicing = TransferMode()
    splicing.change(splices: true)
    for _ in 0..<1000 { _ = splicing.hasSpliced(1) }
    #expect(splicing.hasSpliced(1) == true)
  }
}

@Suite struct EndingTests {
  @Test(
    "an error of a socket says what became of its peer",
    arguments: [
      (ECONNRESET, EndReason.reset), (EPIPE, .reset), (ETIMEDOUT, .dead), (EHOSTUNREACH, .unreachable),
      (ENETDOWN, .unreachable),
      (EIO, .failed),
    ])
  func failure(error: Int32, reason: EndReason) {
    let ending = Ending.failure(of: .gateway, error: error)
    #expect(ending == Ending(by: .gateway, reason: reason))
  }

  @Test(
    "an error of the dial is a reason to refuse",
    arguments: [
      (ECONNREFUSED, Refusal.gatewayRefused), (ETIMEDOUT, .gatewayTimeout), (EMFILE, .descriptors),
      (ENETUNREACH, .gatewayFailed),
    ])
  func dial(error: Int32, refusal: Refusal) { #expect(Ending.refusal(dialError: error) == refusal) }

  @Test func `every refusal has an explanation of its own`() {
    #expect(Set(Refusal.allCases.map(\.explanation)).count == Refusal.allCases.count)
  }
}

@Suite struct HistogramTests {
  @Test func `a value is counted at the first bound that it does not exceed`() {
    var histogram = Histogram(bounds: [1, 10])
    for value in [0.5, 1, 1.5, 10, 11] { histogram.record(value) }
    #expect(histogram.counts == [2, 2])
    #expect(histogram.count == 5)
    #expect(histogram.sum == 24)
  }
}

@Suite struct SlabTests {
  @Test func `a slot that is used again is another incarnation`() {
    var slab = Slab()
    let slot = slab.take()
    let first = slab.flow(slot, 0).pointee.generation
    slab.release(slot)
    #expect(slab.flow(slot, 0).pointee.generation != first)
    let again = slab.take()
    #expect(again == slot)
    #expect(slab.flow(slot, 0).pointee.generation != first)
    #expect(slab.flow(slot, 1).pointee.generation == slab.flow(slot, 0).pointee.generation)
    #expect(slab.live == 1)
  }

  @Test func `a generation is never 0, also when its numbers are used up`() {
    var slab = Slab()
    let slot = slab.take()
    for side in 0..<2 { slab.flow(slot, side).pointee.generation = .max }
    slab.release(slot)
    #expect(slab.flow(slot, 0).pointee.generation == 1)
  }

  @Test func `connections stay where they are while others come`() {
    var slab = Slab()
    let first = slab.take()
    let flow = slab.flow(first, 1)
    let connection = slab.connection(first)
    let others = (0..<2000).map { _ in slab.take() }
    #expect(slab.flow(first, 1) == flow)
    #expect(slab.connection(first) == connection)
    #expect(Set(others).count == 2000)
    #expect(slab.end == 2001)
  }

  @Test func `a token carries its parts`() {
    let token = Token(generation: .max, slot: 65_535, side: 1)
    #expect(token.generation == .max)
    #expect(token.slot == 65_535)
    #expect(token.side == 1)
    #expect(Token(raw: Token(generation: 1, slot: 0, side: 0).raw).generation == 1)
    #expect(Token(raw: Token.firstListener + 7).generation == 0)
  }

  @Test func `a flow is no larger than a cache line and a half`() {
    #expect(MemoryLayout<Flow>.stride <= 96)
    #expect(2 * MemoryLayout<Flow>.stride + MemoryLayout<Connection>.stride <= 512)
  }
}
