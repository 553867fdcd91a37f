/// What is to come in a simulated world, in the order of time (in the caller's unit); of equal times in the order of its making.
public struct Future<Happening> {
  private var entries: [(time: Int64, what: Happening)] = []

  /// Nothing is to come.
  public init() {}

  /// When the next one is due; nil where nothing is to come.
  public var nextTime: Int64? { entries.last?.time }

  /// Something is going to happen.
  public mutating func add(_ what: Happening, at time: Int64) {
    var index = entries.count
    while index > 0 && entries[index - 1].time <= time { index -= 1 }
    entries.insert((time, what), at: index)
  }

  /// The next one. There must be one.
  public mutating func takeNext() -> Happening { entries.removeLast().what }

  /// What meets the condition is not to come any more.
  public mutating func removeAll(where isVoid: (Happening) -> Bool) {
    entries.removeAll { isVoid($0.what) }
  }
}
