import Files
import Settings

/// Everything between the settings and the first child: what the machine must have (`check`), what would be written
/// (`render`), and writing it (`write`). All of it blocks, and none of it starts a process but `checkCaddyfile`.
public enum Preparation {
  /// The text of a secret's file, for `Settings.parse`.
  public static func readSecret(_ path: String) -> Result<String, UnreadableFile> {
    do throws(FileError) {
      return .success(try FileSystem.readText(path, limit: 1 << 16))
    } catch {
      return .failure(UnreadableFile(error.why))
    }
  }
}

extension Problem {
  /// A file error that keeps everything from starting.
  init(_ variable: String, _ error: FileError, needs what: String, fix: String) {
    self.init(variable, .error, what: "needs \(what), but the supervisor \(error)", fix: fix)
  }
}
