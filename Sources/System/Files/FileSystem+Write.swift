import Glibc

extension FileSystem {
  /// Writes a whole file so that a reader sees the old bytes or the new ones, and nothing in between: a temporary file
  /// beside it is filled and renamed over it. On an error nothing of the temporary file is left, and what stood there stays
  /// as it was.
  ///
  /// - Parameters:
  ///   - mode: the permissions of the new file, whatever the umask says.
  ///   - durable: whether the same holds after a power cut. It costs two waits for the disk, which a file that is written
  ///     anew at each start need not pay.
  /// - Throws: `FileError`; EBUSY where the path is a mounted file, which cannot be replaced.
  public static func write(
    _ bytes: [UInt8], to path: String, mode: mode_t, durable: Bool = true
  ) throws(FileError) {
    if kind(of: path) == .directory { throw FileError("write", path, EISDIR) }
    let target = resolved(path)
    let folder = directory(of: target)
    let (descriptor, temporary) = try createTemporary(beside: target, path: path)
    defer { close(descriptor) }
    do throws(FileError) {
      try fill(descriptor, with: bytes, mode: mode, path: path)
      // A full disk may show only here, and the rename must not reach the disk before the bytes do.
      guard !durable || fsync(descriptor) == 0 else { throw FileError("write", path, errno) }
      guard rename(temporary, target) == 0 else { throw FileError("write", path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    if durable { synchronise(folder) }
  }

  /// A new, empty file that nobody else can read yet, and its path.
  private static func createTemporary(beside target: String, path: String) throws(FileError) -> (Int32, String) {
    while true {
      let suffix = String(UInt32.random(in: 0...UInt32.max), radix: 36)
      let temporary = "\(directory(of: target))/.\(name(of: target)).\(suffix)"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor >= 0 { return (descriptor, temporary) }
      switch errno {
      case EEXIST, EINTR: continue
      case ENOENT: throw FileError("write", path, ENOENT, because: "its directory does not exist")
      case let code: throw FileError("write", path, code)
      }
    }
  }

  private static func fill(
    _ descriptor: Int32, with bytes: [UInt8], mode: mode_t, path: String
  ) throws(FileError) {
    guard fchmod(descriptor, mode) == 0 else { throw FileError("write", path, errno) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("write", path, errno)
      }
      rest.removeFirst(count)
    }
  }

  /// The path with its symbolic links followed, so that renaming replaces the file and not the link to it.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func name(of path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// Makes a rename last. A file system that cannot synchronise a directory has nothing better to offer.
  private static func synchronise(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
