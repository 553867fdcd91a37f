import Files
import Glibc

/// A directory of a test's own, removed with everything in it.
public final class TemporaryDirectory: Sendable {
  /// The directory's absolute path.
  public let path: String

  /// Makes a new one.
  public init() {
    var template = Array("/tmp/ibgw-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("cannot make a temporary directory: errno \(errno)") }
    path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { FileSystem.removeTree(path) }
}
