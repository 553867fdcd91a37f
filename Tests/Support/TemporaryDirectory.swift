import Files

/// A directory of a test's own, removed with everything in it.
public final class TemporaryDirectory: Sendable {
  /// The directory's absolute path.
  public let path: String

  /// Makes a new one.
  public init() {
    do throws(FileError) { path = try FileSystem.createTemporaryDirectory(in: "/tmp", prefix: "ibgw-test") } catch {
      fatalError("\(error)")
    }
  }

  deinit { FileSystem.removeTree(path) }
}
