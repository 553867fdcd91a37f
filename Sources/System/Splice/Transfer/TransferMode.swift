/// Whether one direction of a connection is copied or spliced, and the evidence for changing that. Copying is faster for
/// messages; splicing halves the processor time of bulk. Measured: copy wins up to 4 KiB, both are level at 16 KiB.
struct TransferMode: Sendable, Equatable {
  /// Bytes are moved by splice(2) through a pipe.
  private(set) var splices = false
  private var evidence: UInt8 = 0

  /// A read that fills the whole buffer is bulk; four in a row are a stream.
  static let readsBeforeSplicing: UInt8 = 4
  /// A splice below this many bytes is no bulk; eight in a row, and the stream has become messages.
  static let bulkSplice = 16 * 1024
  static let splicesBeforeCopying: UInt8 = 8

  /// Notes a read of `count` bytes into a buffer of `capacity`; true when it is time to splice.
  mutating func hasRead(_ count: Int, of capacity: Int) -> Bool {
    evidence = count == capacity ? min(evidence + 1, Self.readsBeforeSplicing) : 0
    return evidence == Self.readsBeforeSplicing
  }

  /// Notes a splice of `count` bytes; true when it is time to copy again.
  mutating func hasSpliced(_ count: Int) -> Bool {
    evidence = count < Self.bulkSplice ? min(evidence + 1, Self.splicesBeforeCopying) : 0
    return evidence == Self.splicesBeforeCopying
  }

  /// Changes the mode and forgets the evidence. Called with false too when no pipe could be had, so that it is tried again only
  /// after as much evidence as before.
  mutating func change(splices: Bool) {
    self.splices = splices
    evidence = 0
  }
}
