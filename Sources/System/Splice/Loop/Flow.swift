/// One direction of a relayed connection: what is read from `source` is written to `sink`. Plain memory in the slab, a cache
/// line long; the loop's thread alone touches it.
///
/// A flow reads only when nothing that it has read before is still unsent: that is the whole of its back-pressure. The kernel's
/// buffers fill, and the sender sees its window close.
struct Flow {
  var source: Int32 = -1
  var sink: Int32 = -1
  /// The incarnation of the slot; see ``Token``.
  var generation: UInt32 = 0
  /// The connection relays, and this direction has not ended.
  var flows = false
  /// The source may have bytes, its end or an error to read. Edges are reported once, so this is the only memory of them.
  var readable = false
  /// The source has reported its end or an error, so a short read is not yet all that there is to read.
  var ending = false
  /// Something that was read is unsent, in `buffer` or in the pipe.
  var blocked = false
  /// Waits in the loop's run queue.
  var queued = false
  /// The source's end was read, or the direction was given up.
  var finished = false
  /// The source's socket has failed while it was written to: when it has been read to its end, that end is a failure.
  var broken = false
  /// Bytes still pass by the handshake's sniffer.
  var watched = false
  var mode = TransferMode()
  /// Bytes read from the source.
  var bytes: UInt64 = 0
  var buffer: UnsafeMutableRawPointer?
  var unsentStart: Int32 = 0
  var unsentEnd: Int32 = 0
  var pipe = Pipe.none
  var inPipe: Int32 = 0
}

/// Which end of a connection a socket is. The raw value is also the index of the flow that has this socket as its source.
enum Side: Int {
  case client = 0
  case gateway = 1

  var party: Party { self == .client ? .client : .gateway }
}

/// What epoll hands back for a descriptor: a connection's slot and side with the slot's generation, so that a report for a socket
/// that was closed earlier in the same batch finds nobody; or one of the loop's own descriptors, in generation 0.
struct Token {
  let raw: UInt64

  init(raw: UInt64) { self.raw = raw }

  init(generation: UInt32, slot: Int, side: Int) {
    raw = UInt64(generation) << 32 | UInt64(slot) << 1 | UInt64(side)
  }

  var generation: UInt32 { UInt32(raw >> 32) }
  var slot: Int { Int(raw & 0xffff_ffff) >> 1 }
  var side: Int { Int(raw & 1) }

  static let mailbox: UInt64 = 0
  static let clock: UInt64 = 1
  static let firstListener: UInt64 = 2
}
