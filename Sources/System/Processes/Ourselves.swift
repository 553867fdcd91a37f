import CLinux
import Glibc

/// What a supervisor does to its own process.
public enum Ourselves {
  /// Blocks the signals that a loop reads from its descriptor, and ignores SIGPIPE. First line of `main`: no thread exists yet.
  public static func maskSignals() { clinux_mask_signals() }

  /// Keeps /proc/self/environ and our memory from processes of our own user, and from core files.
  public static func forbidDumps() { _ = clinux_forbid_dumps() }

  /// What top, and ps without arguments, call this process: at most 15 characters.
  public static func setName(_ name: String) { clinux_set_name(name) }

  /// Gives back the memory of the code that only a start needs.
  public static func releaseStartCode() { clinux_release_code() }

  /// Whether orphans come to us: by nature as process 1, else because it was asked for here.
  public static func adoptOrphans() -> Bool { getpid() == 1 || clinux_become_subreaper() == 0 }

  /// Opens /dev/null as whichever of 0, 1 and 2 is closed, so that no descriptor of ours can be taken for one of them.
  public static func ensureStandardDescriptors() {
    var descriptor: Int32 = 0
    while descriptor >= 0 && descriptor <= 2 { descriptor = open("/dev/null", O_RDWR) }
    if descriptor > 2 { close(descriptor) }
  }
}
