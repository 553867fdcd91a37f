import Glibc

extension FileSystem {
  /// The bytes of a whole file.
  ///
  /// - Parameter limit: the most that is read, in bytes; a file with more is refused, so that a wrong path cannot fill the
  ///   memory. Files under /proc, which say they are empty, are read to their end.
  /// - Throws: `FileError`, also for a directory and for anything else that is neither a regular file nor ends.
  public static func read(_ path: String, limit: Int = 16 << 20) throws(FileError) -> [UInt8] {
    // Without O_NONBLOCK a FIFO in the file's place would block the open until somebody writes to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError("read", path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError("read", path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      if status.st_mode & S_IFMT == S_IFDIR { throw FileError("read", path, EISDIR) }
      throw FileError("read", path, EINVAL, because: "it is no regular file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(max(Int(status.st_size) + 1, 4096), limit + 1, 1 << 20))
    while true {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("read", path, errno)
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      if bytes.count > limit {
        throw FileError("read", path, EFBIG, because: "it is larger than \(limit) bytes")
      }
    }
  }

  /// The text of a whole file.
  ///
  /// - Throws: `FileError`, also for bytes that are not UTF-8.
  public static func readText(_ path: String, limit: Int = 16 << 20) throws(FileError) -> String {
    guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
      throw FileError("read", path, EILSEQ, because: "it is not UTF-8 text")
    }
    return text
  }
}
