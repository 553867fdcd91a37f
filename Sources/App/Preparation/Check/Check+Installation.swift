import Files
import Settings

extension Check {
  /// IBKR's program: what ibcstart.sh would end with codes 2, 4 and 7 about.
  mutating func installedProgram() {
    let path = settings.ibkr.path
    plainPath(path, "TWS_PATH")
    guard FileSystem.kind(of: path) == .directory else {
      error("TWS_PATH", "is \(path), which is no directory", "name the directory of IBKR's program")
      return
    }
    guard !settings.ibkr.version.isEmpty else {
      error("TWS_MAJOR_VRSN", "is not set", "name the installed version\(installedVersions)")
      return
    }
    guard let program = InstalledProgram(settings) else {
      let wanted = InstalledProgram.candidates(settings)[0].directory
      error(
        settings.isGiven("TWS_MAJOR_VRSN") ? "TWS_MAJOR_VRSN" : "IB_GATEWAY_VERSION",
        "is \(settings.ibkr.version), but there is no \(wanted)/jars",
        "install that version in TWS_PATH, or name another\(installedVersions)")
      return
    }
    guard FileSystem.kind(of: program.optionsFile) == .file else {
      error(
        "TWS_PATH", "has no \(program.optionsFile), without which IBC does not start",
        "install the program anew")
      return
    }
    if settings.heapMegabytes != nil { heapCanBeSet(in: program.optionsFile) }
  }

  /// IBC: its start script and what that needs.
  mutating func installedIBC() {
    let script = settings.ibc.startScript
    guard FileSystem.kind(of: script) == .file else {
      error("IBC_PATH", "is \(settings.ibc.path), but there is no \(script)", "name the directory of IBC")
      return
    }
    if !FileSystem.isExecutable(script) {
      error(
        "IBC_PATH", "has \(script), which uid \(FileSystem.effectiveUser) cannot execute",
        "make it executable for everyone: chmod a+rx")
    }
    if FileSystem.kind(of: "\(settings.ibc.path)/IBC.jar") != .file {
      error("IBC_PATH", "has no IBC.jar, without which java ends at once and says nothing", "install IBC anew")
    }
  }

  /// ibcstart.sh leaves some paths unquoted.
  mutating func plainPath(_ path: String, _ variable: String) {
    if path.contains(where: { $0.isWhitespace || "*?[".contains($0) }) {
      error(
        variable, "is \"\(path)\", and IBC's start script fails on a path with a space or one of * ? [",
        "choose a plain path")
    }
  }

  private mutating func heapCanBeSet(in file: String) {
    guard let megabytes = settings.heapMegabytes, let bytes = try? FileSystem.read(file, limit: 1 << 20),
      HeapSize.options(bytes, heap: megabytes) != bytes,
      !FileSystem.isWritableDirectory(FileSystem.directory(of: file))
    else { return }
    error(
      "JAVA_HEAP_SIZE", "needs a change of \(file), whose directory cannot be written",
      "make it writable, or unset the variable")
  }

  /// The versions that could be named, for the end of a sentence.
  private var installedVersions: String {
    var found: [String] = []
    for folder in ["\(settings.ibkr.path)/ibgateway", settings.ibkr.path] {
      let names = (try? FileSystem.list(folder)) ?? []
      found += names.filter { FileSystem.kind(of: "\(folder)/\($0)/jars") == .directory }
    }
    return found.isEmpty ? "" : "; installed: \(found.joined(separator: ", "))"
  }
}
