/// How many new connections each address has made lately: a token bucket for each, in a table of fixed size, so that no number
/// of addresses makes it grow. IPv6 addresses count by their /64, since one machine owns the whole of it.
struct ConnectionRates: Sendable {
  private struct Bucket {
    var key: UInt64 = 0
    var filledAt: UInt64 = 0
    var tokens: Double = 0
  }

  /// Sets of four buckets; an address may use the four of its set. The one that has rested longest makes place for a newcomer.
  private static let sets = 1024
  private static let ways = 4

  private let perSecond: Double
  private var buckets: [Bucket]

  /// Each address may make `perSecond` connections per second, and as many at once after a rest. 0 is no limit.
  init(perSecond: Int) {
    self.perSecond = Double(perSecond)
    buckets = perSecond == 0 ? [] : Array(repeating: Bucket(), count: Self.sets * Self.ways)
  }

  /// How many addresses are told apart at a time.
  var capacity: Int { buckets.count }

  /// Charges one connection to `address` at `now` (monotonic nanoseconds) and tells whether it may be made. A refused one is
  /// not charged, so an address that keeps trying gets its steady rate.
  mutating func admits(_ address: IPAddress, at now: UInt64) -> Bool {
    if perSecond == 0 { return true }
    let key = address.isIPv4 ? address.low : address.high
    var hasher = Hasher()
    hasher.combine(key)
    let start = (hasher.finalize() & (Self.sets - 1)) * Self.ways
    var chosen = start
    for index in start..<start + Self.ways {
      if buckets[index].key == key {
        chosen = index
        break
      }
      if buckets[index].filledAt < buckets[chosen].filledAt { chosen = index }
    }
    if buckets[chosen].key != key { buckets[chosen] = Bucket(key: key, filledAt: now, tokens: perSecond) }
    let rested = Double(now &- buckets[chosen].filledAt) / 1e9
    buckets[chosen].tokens = min(perSecond, buckets[chosen].tokens + rested * perSecond)
    buckets[chosen].filledAt = now
    guard buckets[chosen].tokens >= 1 else { return false }
    buckets[chosen].tokens -= 1
    return true
  }
}
