/// The memory of all connections: chunks that are never moved or given back, so that a pointer to a connection stays good while
/// another one is accepted. A slot is used again in a new generation.
struct Slab: ~Copyable {
  private static let shift = 8
  private static let chunk = 1 << shift

  private var connections: [UnsafeMutablePointer<Connection>] = []
  private var flows: [UnsafeMutablePointer<Flow>] = []
  private var free: [Int32] = []
  /// Slots in use.
  private(set) var live = 0
  /// One past the highest slot that was ever used.
  private(set) var end = 0

  deinit {
    for pointer in connections { pointer.deallocate() }
    for pointer in flows { pointer.deallocate() }
  }

  /// Takes a slot, its connection and flows fresh but for the flows' generation, which is never 0.
  mutating func take() -> Int {
    let slot: Int
    if let last = free.popLast() {
      slot = Int(last)
    } else {
      slot = end
      if slot & (Self.chunk - 1) == 0 { grow() }
      end += 1
    }
    live += 1
    let pair = flow(slot, 0)
    let generation = pair.pointee.generation == .max ? 1 : pair.pointee.generation + 1
    connection(slot).pointee = Connection()
    for side in 0..<2 {
      pair[side] = Flow()
      pair[side].generation = generation
    }
    return slot
  }

  /// Gives a slot back. Reports and queue entries that still name it find another generation.
  mutating func release(_ slot: Int) {
    let pair = flow(slot, 0)
    connection(slot).pointee.phase = .free
    for side in 0..<2 {
      pair[side].generation = pair[side].generation == .max ? 1 : pair[side].generation + 1
      pair[side].flows = false
    }
    live -= 1
    free.append(Int32(slot))
  }

  @inline(__always)
  func connection(_ slot: Int) -> UnsafeMutablePointer<Connection> {
    connections[slot >> Self.shift] + (slot & (Self.chunk - 1))
  }

  /// The flow whose source is `side` (0 the client's, 1 the gateway's) of the connection.
  @inline(__always)
  func flow(_ slot: Int, _ side: Int) -> UnsafeMutablePointer<Flow> {
    flows[slot >> Self.shift] + ((slot & (Self.chunk - 1)) << 1 | side)
  }

  private mutating func grow() {
    let connections = UnsafeMutablePointer<Connection>.allocate(capacity: Self.chunk)
    connections.initialize(repeating: Connection(), count: Self.chunk)
    self.connections.append(connections)
    let flows = UnsafeMutablePointer<Flow>.allocate(capacity: Self.chunk * 2)
    flows.initialize(repeating: Flow(), count: Self.chunk * 2)
    self.flows.append(flows)
  }
}
