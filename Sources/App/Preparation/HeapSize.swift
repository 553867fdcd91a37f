import Files
import Settings

/// Java's heap size in the installation's vmoptions file.
enum HeapSize {
  /// Sets every `-Xmx` in the file to the wanted size, or adds one; a file that says it already is not written.
  static func apply(_ settings: Settings, _ prepared: inout PreparedFiles) throws(Problem) {
    guard let megabytes = settings.heapMegabytes, let path = InstalledProgram(settings)?.optionsFile else { return }
    let fix = "make it writable, or set JAVA_HEAP_SIZE where the image is built"
    do throws(FileError) {
      let before = try FileSystem.read(path, limit: 1 << 20)
      let after = options(before, heap: megabytes)
      guard after != before else { return }
      try FileSystem.write(after, to: path, mode: FileSystem.permissions(of: path) ?? 0o644)
    } catch {
      throw Problem("JAVA_HEAP_SIZE", error, needs: "a change of the Java options", fix: fix)
    }
    prepared.written.append(PreparedFiles.Written(path: path, title: "Java options"))
  }

  /// The options with the heap set. Comments and everything else stay byte for byte.
  static func options(_ bytes: [UInt8], heap megabytes: Int) -> [UInt8] {
    let wanted = Array("-Xmx\(megabytes)m".utf8)
    var found = false
    var lines: [[UInt8]] = []
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      guard line.first(where: { !isSpace($0) }) != UInt8(ascii: "#") else {
        lines.append(Array(line))
        continue
      }
      var result: [UInt8] = []
      var index = line.startIndex
      while index < line.endIndex {
        let atStart = index == line.startIndex || isSpace(line[index - 1])
        if atStart, line[index...].starts(with: Array("-Xmx".utf8)) {
          result += wanted
          found = true
          while index < line.endIndex, !isSpace(line[index]) { index += 1 }
        } else {
          result.append(line[index])
          index += 1
        }
      }
      lines.append(result)
    }
    var result = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    if !found {
      if let last = result.last, last != UInt8(ascii: "\n") { result.append(UInt8(ascii: "\n")) }
      result += wanted + [UInt8(ascii: "\n")]
    }
    return result
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}

/// The version's directory, found as ibcstart.sh finds it.
struct InstalledProgram {
  let directory: String
  let optionsFile: String

  /// The directories in which ibcstart.sh looks for `jars`, in its order, with the options file that belongs to each.
  /// IB Gateway and TWS lie in different places but either runs from the other's installation.
  static func candidates(_ settings: Settings) -> [InstalledProgram] {
    let gateway = "\(settings.ibkr.path)/ibgateway/\(settings.ibkr.version)"
    let tws = "\(settings.ibkr.path)/\(settings.ibkr.version)"
    let both = [
      InstalledProgram(directory: gateway, optionsFile: "\(gateway)/ibgateway.vmoptions"),
      InstalledProgram(directory: tws, optionsFile: "\(tws)/tws.vmoptions"),
    ]
    return settings.program == .gateway ? both : both.reversed()
  }

  private init(directory: String, optionsFile: String) {
    self.directory = directory
    self.optionsFile = optionsFile
  }

  /// The installation that will run; nil where there is none.
  init?(_ settings: Settings) {
    guard !settings.ibkr.version.isEmpty,
      let found = Self.candidates(settings).first(where: { FileSystem.kind(of: "\($0.directory)/jars") != nil })
    else { return nil }
    self = found
  }
}
