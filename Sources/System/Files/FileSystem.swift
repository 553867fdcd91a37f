import Glibc

/// Files and directories, with one error type and no half-written file. Every call blocks: for start-up and for threads that
/// may wait, not for an event loop that serves.
public enum FileSystem {
  /// What a path leads to, symbolic links followed.
  public enum Kind: Sendable, Equatable {
    case file
    case directory
    case other
  }

  /// The user by whose rights files are opened.
  public static var effectiveUser: UInt32 { geteuid() }

  /// What a path leads to; nil where there is nothing, or nothing that this user may see.
  public static func kind(of path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    default: .other
    }
  }

  /// The permission bits of what stands at a path; nil where there is nothing.
  public static func permissions(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  /// Whether this process may write what stands at a path, by its effective user and the file system's own state.
  public static func isWritable(_ path: String) -> Bool { faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 }

  /// Whether this process may read what stands at a path.
  public static func isReadable(_ path: String) -> Bool { faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 }

  /// Whether this process may execute the file, or enter the directory, at a path.
  public static func isExecutable(_ path: String) -> Bool { faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 }

  /// Whether files can be created in a directory: it is one, and this process may write and enter it.
  public static func isWritableDirectory(_ path: String) -> Bool {
    kind(of: path) == .directory && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0
  }

  /// Whether another file system begins at a directory, as a mounted volume does.
  public static func isMountPoint(_ path: String) -> Bool {
    var here = stat()
    var above = stat()
    guard stat(path, &here) == 0, stat("\(path)/..", &above) == 0 else { return false }
    return here.st_dev != above.st_dev
  }

  /// The names in a directory, sorted by their bytes, without `.` and `..`.
  public static func list(_ path: String) throws(FileError) -> [String] {
    guard let directory = opendir(path) else { throw FileError("list", path, errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        guard errno == 0 else { throw FileError("list", path, errno) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  /// Creates a directory, and those above it where they are missing, each with the mode. One that is there is left as it is.
  public static func createDirectory(_ path: String, mode: mode_t = 0o755) throws(FileError) {
    switch kind(of: path) {
    case .directory: return
    case .some: throw FileError("create", path, ENOTDIR, because: "a file of that name is there")
    case nil: break
    }
    let parent = directory(of: path)
    if parent != path, kind(of: parent) == nil { try createDirectory(parent, mode: mode) }
    if mkdir(path, mode) != 0, errno != EEXIST || kind(of: path) != .directory {
      throw FileError("create", path, errno)
    }
  }

  /// Creates a directory of a new name in `place` that only this user may look into, and returns its path. The name begins with `prefix`.
  public static func createTemporaryDirectory(
    in place: String, prefix: String = "ibgw"
  ) throws(FileError) -> String {
    let pattern = "\(place)/\(prefix)-XXXXXX"
    var template = Array(pattern.utf8CString)
    guard mkdtemp(&template) != nil else { throw FileError("create", pattern, errno) }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Removes a file, or an empty directory. What is not there is no error.
  public static func remove(_ path: String) throws(FileError) {
    guard Glibc.remove(path) != 0, errno != ENOENT else { return }
    throw FileError("remove", path, errno)
  }

  /// Removes a directory with everything below it, links themselves and not what they lead to. What cannot be removed stays.
  public static func removeTree(_ path: String) {
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      for name in (try? list(path)) ?? [] { removeTree("\(path)/\(name)") }
    }
    _ = Glibc.remove(path)
  }

  /// The directory that a path's last part lies in.
  public static func directory(of path: String) -> String {
    let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }
}
