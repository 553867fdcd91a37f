import CLinux
import Glibc

/// The pipe that a spliced flow passes its bytes through.
struct Pipe: Equatable {
  let readEnd: Int32
  let writeEnd: Int32
  let capacity: Int32

  static let none = Pipe(readEnd: -1, writeEnd: -1, capacity: 0)

  func close() {
    Glibc.close(readEnd)
    Glibc.close(writeEnd)
  }
}

/// A few empty pipes kept for the next flow that turns to bulk, since making one of this size costs more than using it.
struct PipePool: ~Copyable {
  /// Of a mebibyte, the largest that an unprivileged process may have; below half of it, copying is as good.
  private static let wanted: Int32 = 1 << 20
  private static let least: Int32 = 1 << 19
  private static let kept = 8

  private var idle: [Pipe] = []

  deinit { for pipe in idle { pipe.close() } }

  /// An empty pipe, or nil when the system gives none of a useful size.
  mutating func take() -> Pipe? {
    if let pipe = idle.popLast() { return pipe }
    var readEnd: Int32 = -1
    var writeEnd: Int32 = -1
    let capacity = clinux_pipe(&readEnd, &writeEnd, Self.wanted, Self.least)
    return capacity < 0 ? nil : Pipe(readEnd: readEnd, writeEnd: writeEnd, capacity: capacity)
  }

  /// Takes a pipe back. One that is not empty is closed, since the next flow must not find another's bytes.
  mutating func give(back pipe: Pipe, isEmpty: Bool) {
    if isEmpty && idle.count < Self.kept { idle.append(pipe) } else { pipe.close() }
  }
}
