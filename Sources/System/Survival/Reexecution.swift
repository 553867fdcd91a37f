import CLinux
import Glibc

/// This process under a program executed anew: after a crash by a signal handler, or on request.
public struct Reexecution: Sendable {
  /// The program's file by its path, which an upgrade replaces.
  public let program: String

  /// Prepares everything that is needed to execute the program with these arguments and the environment that it has now.
  ///
  /// From now on a fatal signal leads there. Called once, before the environment is changed: what is prepared stays for ever.
  /// Nil when the program's path cannot be had or the handlers cannot be installed.
  public init?(arguments: [String], ledger: borrowing Ledger) {
    guard let path = Self.path else { return nil }
    program = path
    var pointers: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    pointers.append(nil)
    let argv = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: pointers.count)
    argv.initialize(from: pointers, count: pointers.count)
    var count = 0
    while environ[count] != nil { count += 1 }
    let envp = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: count + 1)
    // Only pointers: nobody writes to what they point to.
    for index in 0...count { envp[index] = environ[index] }
    guard clinux_survive_crashes(argv[0], argv, envp, ledger.descriptor) == 0 else { return nil }
  }

  /// Executes the program now. Returns only when that fails: why.
  public func now() -> String {
    clinux_execute_anew()
    return String(cString: strerror(errno))
  }

  /// This program's own file; without the mark that the kernel sets behind the path of one that is gone.
  private static var path: String? {
    guard let real = realpath("/proc/self/exe", nil) else {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
      guard count > 0 else { return nil }
      let text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
      let mark = " (deleted)"
      return text.hasSuffix(mark) ? String(text.dropLast(mark.count)) : text
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// The id that the linker gave this program, in hexadecimal; nil when it gave none.
  public static var buildID: String? {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = Int(clinux_build_id(&bytes, Int32(bytes.count)))
    guard count > 0 else { return nil }
    return bytes[..<count].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
