import Glibc

/// Why something could not be done to a file, in one sentence: `cannot write /etc/x: no space is left on the disk`.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was to be done: `read`, `write`, `create`, `list`, `remove`, `look at`.
  public let action: String
  /// The path as it was given.
  public let path: String
  /// The system's number, from errno.
  public let code: Int32
  /// A reason of our own where errno has none that fits.
  private let reason: String?

  init(_ action: String, _ path: String, _ code: Int32, because reason: String? = nil) {
    self.action = action
    self.path = path
    self.code = code
    self.reason = reason
  }

  /// Why, as the end of a sentence, with the user id where permission was the matter.
  public var why: String {
    if let reason { return reason }
    return switch code {
    case ENOENT: "it does not exist"
    case EACCES, EPERM: "permission is denied to uid \(geteuid())"
    case EROFS: "the file system is read-only"
    case ENOSPC: "no space is left on the disk"
    case EDQUOT: "the disk quota is used up"
    case EISDIR: "it is a directory"
    case ENOTDIR: "a part of the path is no directory"
    case EBUSY: "it is a mount point"
    case ENAMETOOLONG: "the path is too long"
    case ELOOP: "too many symbolic links lead to it"
    default: FileError.text(of: code)
    }
  }

  /// Whether another place might do where this one does not: it may not be written, rather than that writing failed.
  public var isAboutPlace: Bool { [EACCES, EPERM, EROFS, EBUSY, ENOENT, ENOTDIR, EISDIR].contains(code) }

  /// Whether the path is a mounted file, which can be written in place but not replaced.
  public var isMountPoint: Bool { code == EBUSY }

  /// The whole sentence.
  public var description: String { "cannot \(action) \(path): \(why)" }

  private static func text(of code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
