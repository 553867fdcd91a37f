import CLinux
import Glibc

/// What a process hands to itself across execve: some documents, how far one of them was carried out, and the crashes, in a file of memory.
///
/// It is no file on a disk, so that a full volume or a removed folder cannot cost it, no other process can read it, and none of an
/// earlier boot or of another container can be taken for ours. A document is written to the one of its two slots that does not hold
/// the present one: whatever moment a crash picks, one of them is whole. Owned and called by one loop.
public struct Ledger: Sendable {
  /// The documents.
  public enum Document: Int, Sendable, CaseIterable {
    /// Which processes there are, and what descriptors belong to them.
    case children
    /// What was decided, and what of it has to be done.
    case decisions
    /// Where the files are that were prepared at the start.
    case files
  }

  /// The longest document, in bytes.
  public static let limit = 4 << 20
  /// The file's number in this process and in the one that takes its place.
  public let descriptor: Int32

  private var sequences: [UInt64]

  private static let magic: UInt64 = 0x6962_6777_2d6c_6467
  private static let stampOffset = 60 << 10
  private static let progressOffset = 64 << 10
  static let slotsOffset = 128 << 10

  /// What stands in front of a document in its slot.
  private struct Header {
    var magic: UInt64 = 0
    var sequence: UInt64 = 0
    var length: UInt64 = 0
    var checksum: UInt64 = 0
  }

  /// How far the actions of a document were carried out.
  private struct Progress {
    var sequence: UInt64 = 0
    var count: UInt64 = 0
  }

  /// A ledger with nothing in it; nil where the kernel gives no file of memory.
  public init?() {
    descriptor = clinux_memory_file("ibgw-ledger")
    guard descriptor >= 0 else { return nil }
    sequences = Document.allCases.map { _ in 0 }
    guard withUnsafeBytes(of: Self.magic, { put($0, at: Self.stampOffset) }) else { return nil }
  }

  /// The ledger that the process before us has left open under this number; nil when that is none.
  public init?(inherited descriptor: Int32) {
    self.descriptor = descriptor
    sequences = Document.allCases.map { _ in 0 }
    guard value(at: Self.stampOffset, UInt64(0)) == Self.magic else { return nil }
    for document in Document.allCases { sequences[document.rawValue] = newest(document)?.header.sequence ?? 0 }
  }

  /// Puts a document in the place of the one before it. False when it is too long or there is no memory: the one before stays.
  @discardableResult
  public mutating func write(_ bytes: [UInt8], to document: Document) -> Bool {
    guard bytes.count <= Self.limit else { return false }
    let sequence = sequences[document.rawValue] + 1
    let header = Header(
      magic: Self.magic, sequence: sequence, length: UInt64(bytes.count), checksum: Self.checksum(bytes))
    let offset = Self.offset(document, slot: sequence)
    // The header goes last: until it is there the slot holds nothing that could be taken for whole.
    guard put(bytes, at: offset + MemoryLayout<Header>.size) else { return false }
    guard withUnsafeBytes(of: header, { put($0, at: offset) }) else { return false }
    sequences[document.rawValue] = sequence
    return true
  }

  /// Whether a document was ever written.
  public func has(_ document: Document) -> Bool { sequences[document.rawValue] > 0 }

  /// The present form of a document; nil when it was never written.
  public func read(_ document: Document) -> [UInt8]? { newest(document)?.bytes }

  /// Notes how many of the actions in the present decisions have been begun.
  public func note(begun count: Int) {
    let progress = Progress(sequence: sequences[Document.decisions.rawValue], count: UInt64(count))
    _ = withUnsafeBytes(of: progress) { put($0, at: Self.progressOffset) }
  }

  /// How many of the actions in the present decisions have been begun.
  public var begun: Int {
    guard let progress: Progress = value(at: Self.progressOffset, Progress()) else { return 0 }
    return progress.sequence == sequences[Document.decisions.rawValue] ? Int(clamping: progress.count) : 0
  }

  // MARK: Bytes

  private func newest(_ document: Document) -> (header: Header, bytes: [UInt8])? {
    let whole = [UInt64(0), 1].compactMap { slot -> (header: Header, bytes: [UInt8])? in
      let offset = Self.offset(document, slot: slot)
      guard let header = value(at: offset, Header()), header.magic == Self.magic, header.length <= UInt64(Self.limit),
        let bytes = get(Int(header.length), at: offset + MemoryLayout<Header>.size),
        Self.checksum(bytes) == header.checksum
      else { return nil }
      return (header, bytes)
    }
    return whole.max { $0.header.sequence < $1.header.sequence }
  }

  private static func offset(_ document: Document, slot: UInt64) -> Int {
    slotsOffset + (document.rawValue * 2 + Int(slot % 2)) * (limit + 4096)
  }

  private func put(_ bytes: [UInt8], at offset: Int) -> Bool { bytes.withUnsafeBytes { put($0, at: offset) } }

  private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) == bytes.count
  }

  private func get(_ count: Int, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return pread(descriptor, &bytes, count, off_t(offset)) == count ? bytes : nil
  }

  private func value<Value: BitwiseCopyable>(at offset: Int, _ empty: Value) -> Value? {
    var value = empty
    let count = withUnsafeMutableBytes(of: &value) { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    return count == MemoryLayout<Value>.size ? value : nil
  }

  /// FNV-1a: a slot that was half written is told from a whole one.
  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
