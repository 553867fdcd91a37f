import Glibc

/// A file that lines are appended to, and that is set aside when it is full: `access.log` becomes `access.log.1`, what was that
/// becomes `.2`, and what is beyond the number to keep is removed. A link to a device or a pipe, such as
/// /dev/stdout, is written to and never set aside. What is appended at once is in one file, and whole.
public struct RotatingFile: ~Copyable {
  /// The path that is written to.
  public let path: String
  private let limit: Int
  private let kept: Int
  private var descriptor: Int32 = -1
  private var size = 0
  private var isRegular = true

  /// A file that is set aside before it would exceed `limit` bytes; of those set aside, `kept` stay. It is opened, and made if need be
  /// (mode 0640), at the first line.
  public init(path: String, limit: Int, kept: Int) {
    self.path = path
    self.limit = limit
    self.kept = kept
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Appends one line or several, each with its line feed. If that fails, nothing of it is in the file, and the next call tries anew.
  public mutating func append(_ lines: [UInt8]) throws(FileError) {
    try openIfNeeded()
    if isRegular && size > 0 && size + lines.count > limit {
      try rotate()
      try openIfNeeded()
    }
    let written = lines.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written == lines.count {
      size += written
      return
    }
    // A disk that fills up takes a part of the lines.
    let code = written < 0 ? errno : ENOSPC
    ftruncate(descriptor, off_t(size))
    close()
    throw FileError("write", path, code)
  }

  private mutating func openIfNeeded() throws(FileError) {
    var status = stat()
    if descriptor >= 0 {
      // Someone who moves or removes the file expects a new one.
      if fstat(descriptor, &status) == 0 && status.st_nlink > 0 && isStillAtPath(status) { return }
      close()
    }
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o640)
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      let code = errno
      throw FileError("write", path, code, because: code == ENOENT ? "its directory does not exist" : nil)
    }
    isRegular = status.st_mode & S_IFMT == S_IFREG
    size = Int(status.st_size)
  }

  private func isStillAtPath(_ ours: stat) -> Bool {
    var there = stat()
    return stat(path, &there) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev
  }

  private mutating func rotate() throws(FileError) {
    close()
    if kept == 0 {
      unlink(path)
      return
    }
    for number in stride(from: kept - 1, through: 1, by: -1) { rename("\(path).\(number)", "\(path).\(number + 1)") }
    guard rename(path, "\(path).1") == 0 else { throw FileError("set aside", path, errno) }
  }

  private mutating func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}
