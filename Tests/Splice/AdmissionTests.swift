import Testing

@testable import Splice

@Suite struct AdmissionTests {
  private let second: UInt64 = 1_000_000_000
  private let home = IPAddress(v4: 0x0a00_0001)

  private func limits(_ change: (inout RelayLimits) -> Void) -> RelayLimits {
    var limits = RelayLimits()
    change(&limits)
    return limits
  }

  @Test func `an allowed address with room and rate is taken`() {
    var admission = Admission(limits: RelayLimits())
    #expect(admission.refusal(of: home, at: second, clients: 30, waiting: 0) == nil)
  }

  @Test func `each limit has its own reason, and the address counts first`() throws {
    let stranger = try #require(IPAddress("8.8.8.8"))
    var admission = Admission(limits: limits { $0.rate = 1 })
    #expect(admission.refusal(of: stranger, at: second, clients: 99, waiting: 9999) == .notAllowed)
    #expect(admission.refusal(of: home, at: second, clients: 31, waiting: 0) == .tooManyClients)
    #expect(admission.refusal(of: home, at: second, clients: 0, waiting: 0) == .rate)
    #expect(admission.refusal(of: home, at: 9 * second, clients: 0, waiting: 1024) == .tooManyWaiting)
  }

  @Test func `an address may make its rate at once, then so many per second`() {
    var rates = ConnectionRates(perSecond: 10)
    let burst = (0..<25).count { _ in rates.admits(home, at: second) }
    #expect(burst == 10)
    let half = (0..<25).count { _ in rates.admits(home, at: second + second / 2) }
    #expect(half == 5)
    let longAfter = (0..<25).count { _ in rates.admits(home, at: 100 * second) }
    #expect(longAfter == 10)
  }

  @Test func `an address that keeps trying still gets its rate`() {
    var rates = ConnectionRates(perSecond: 10)
    var admitted = 0
    for attempt in 0..<2000 where rates.admits(home, at: second + UInt64(attempt) * second / 100) { admitted += 1 }
    // Ten at once, and then ten for each of twenty seconds.
    #expect((208...211).contains(admitted))
  }

  @Test func `addresses do not spend each other's rate`() {
    var rates = ConnectionRates(perSecond: 1)
    #expect(rates.admits(home, at: second) == true)
    #expect(rates.admits(home, at: second) == false)
    #expect(rates.admits(IPAddress(v4: 0x0a00_0002), at: second) == true)
  }

  @Test func `one machine's IPv6 addresses share a rate`() throws {
    var rates = ConnectionRates(perSecond: 1)
    let one = try #require(IPAddress("fd00::1"))
    let other = try #require(IPAddress("fd00::ffff:2"))
    let neighbour = try #require(IPAddress("fd00:0:0:1::1"))
    #expect(rates.admits(one, at: second) == true)
    #expect(rates.admits(other, at: second) == false)
    #expect(rates.admits(neighbour, at: second) == true)
  }

  @Test func `a hundred thousand addresses neither grow the table nor stop a newcomer`() {
    var rates = ConnectionRates(perSecond: 1)
    let size = MemoryLayout.size(ofValue: rates)
    var admitted = 0
    for number in 0..<100_000 where rates.admits(IPAddress(v4: UInt32(number)), at: second + UInt64(number)) {
      admitted += 1
    }
    #expect(admitted == 100_000)
    #expect(MemoryLayout.size(ofValue: rates) == size)
    #expect(rates.capacity == 4096)
  }

  @Test func `without a rate nobody is held up`() {
    var rates = ConnectionRates(perSecond: 0)
    let admitted = (0..<10_000).count { _ in rates.admits(home, at: second) }
    #expect(admitted == 10_000)
    #expect(rates.capacity == 0)
  }

  @Test(
    "the first bytes tell an API client from others",
    arguments: [
      ([], .incomplete), ([0x41], .incomplete), ([0x41, 0x50, 0x49], .incomplete), ([0x41, 0x50, 0x49, 0], .api),
      ([0x41, 0x50, 0x49, 0, 0, 0, 0, 9], .api), ([0x42], .foreign), ([0x41, 0x50, 0x49, 0x20], .foreign),
      (Array("GET / HTTP/1.1".utf8), .foreign), ([0x16, 3, 1, 2], .foreign), ([0x41, 0x50, 0x48], .foreign),
      (Array("63\0".utf8), .foreign),
    ] as [([UInt8], Hello)])
  func hello(bytes: [UInt8], expected: Hello) {
    #expect(bytes.withUnsafeBytes { Hello.judge($0) } == expected)
  }
}
