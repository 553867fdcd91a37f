/// The client ids that the probe may use: a few in a row from a reserved one on, as a gateway takes each id once at a time.
///
/// Two are in use at most, that of the kept connection and that of a check. The others are for when a user's client has taken one.
struct ClientIDs: Sendable {
  /// How many ids are reserved.
  static let count = 4

  /// The reserved ids.
  let range: Range<Int>
  private var taken: Set<Int> = []

  /// - Parameter first: the first of them.
  init(first: Int) {
    range = first..<first + Self.count
  }

  /// Whether one of them may be free.
  var hasFree: Bool { taken.count < Self.count }

  /// One that is free as far as is known, and is not `own`.
  func free(without own: Int?) -> Int? { range.first { $0 != own && !taken.contains($0) } }

  /// Notes that somebody else uses an id.
  mutating func note(taken id: Int) { taken.insert(id) }

  /// Forgets what was in use, as clients come and go.
  mutating func forget() { taken = [] }
}
