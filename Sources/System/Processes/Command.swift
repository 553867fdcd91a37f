import CLinux
import Glibc

/// A program with everything it is started with.
public struct Command: Sendable, Hashable {
  /// The program: a path, or a name that is looked up in the environment's `PATH`.
  public var program: String
  /// Its arguments, without the program itself. Every process on the machine can read them: never a secret.
  public var arguments: [String]
  /// Its whole environment. Nothing else is inherited.
  public var environment: [String: String]
  /// The folder it starts in; nil: the supervisor's own.
  public var directory: String?
  /// What it reads from its standard input, at most 64 KiB; nil: nothing.
  public var input: [UInt8]?
  /// Whether it gets a pipe as descriptor 3 on which it says that it is ready, by writing anything that ends in a line feed.
  public var reportsReadiness: Bool

  /// A command that is not started yet.
  public init(
    program: String, arguments: [String] = [], environment: [String: String], directory: String? = nil,
    input: [UInt8]? = nil, reportsReadiness: Bool = false
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.reportsReadiness = reportsReadiness
  }

  /// The program's file, found as a shell would find it; nil when there is none that can be executed.
  public var resolvedPath: String? {
    if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
    let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }
}

/// A process that was started, with our ends of its pipes. Whoever takes it owns the descriptors and must close them.
public struct SpawnedProcess: Sendable {
  /// Its process id, which is also its session's and its process group's.
  public let pid: Int32
  /// Everything that it writes to its standard output and standard error, in order. Not blocking.
  public let output: Int32
  /// What it writes to descriptor 3, where it was given one. Not blocking.
  public let readiness: Int32?
}

/// Why a program could not be started.
public struct SpawnFailure: Error, Sendable, Hashable {
  /// One sentence with the program, the reason and the fix.
  public var sentence: String
  /// Whether the program is not there or may not be executed, so that trying again soon is of no use.
  public var missing: Bool
}

extension Command {
  /// What ps shows in the program's place: for a process of our own the name, since where it comes from is the same file.
  private func nameShown(_ path: String) -> String { path == "/proc/self/exe" ? "ibgw" : path }

  /// Starts the program as the leader of a session of its own, with no signal blocked or ignored, standard input empty, its output
  /// in one pipe, and no other descriptor of ours.
  ///
  /// - Parameter beforeStart: is given our ends of the pipes, of the output and of the readiness, before the process is there.
  public func spawn(
    _ beforeStart: (_ output: Int32, _ readiness: Int32?) -> Void = { _, _ in }
  ) throws(SpawnFailure) -> SpawnedProcess {
    guard let path = resolvedPath else {
      throw SpawnFailure(
        sentence: "cannot start \(program): there is no such program that this user may run; install it or mend PATH",
        missing: true)
    }
    let output = try Pipe()
    var readiness: Pipe?
    if reportsReadiness {
      do throws(SpawnFailure) { readiness = try Pipe() } catch {
        output.close()
        throw error
      }
    }
    let standardInput = openInput()
    defer {
      if standardInput >= 0 { close(standardInput) }
      close(output.writing)
      if let readiness { close(readiness.writing) }
    }

    beforeStart(output.reading, readiness?.reading)
    var pid: Int32 = 0
    let error = withCStrings([nameShown(path)] + arguments) { argv in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { envp in
        clinux_spawn(
          &pid, path, argv, envp, directory, standardInput, output.writing, output.writing, readiness?.writing ?? -1)
      }
    }
    guard error == 0 else {
      close(output.reading)
      if let readiness { close(readiness.reading) }
      let missing = error == ENOENT || error == EACCES || error == ENOEXEC
      throw SpawnFailure(sentence: "cannot start \(path): \(describe(errno: error))", missing: missing)
    }
    return SpawnedProcess(pid: pid, output: output.reading, readiness: readiness?.reading)
  }
}

extension Command {
  /// The reading end of a pipe that holds the input already, or /dev/null.
  private func openInput() -> Int32 {
    guard let input, let pipe = try? Pipe() else { return open("/dev/null", O_RDONLY | O_CLOEXEC) }
    // A pipe takes 64 KiB without a reader.
    _ = write(pipe.writing, input, min(input.count, 65_536))
    close(pipe.writing)
    return pipe.reading
  }
}

private struct Pipe {
  let reading: Int32
  let writing: Int32

  init() throws(SpawnFailure) {
    var ends: [Int32] = [-1, -1]
    guard clinux_output_pipe(&ends) == 0 else {
      throw SpawnFailure(
        sentence: "cannot make a pipe for a child's output: \(describe(errno: errno)); raise the limit of open files",
        missing: false)
    }
    (reading, writing) = (ends[0], ends[1])
  }

  func close() {
    Glibc.close(reading)
    Glibc.close(writing)
  }
}

/// What an errno value means, as libc says it.
public func describe(errno code: Int32) -> String { String(cString: strerror(code)) }

/// A null-terminated array of C strings for the time of `body`.
func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { pointers.forEach { free($0) } }
  return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}
