import Files
import Processes
import Settings

extension Preparation {
  /// What Caddy itself says of the Caddyfile that would be rendered, where Caddy is wanted and installed. This runs `caddy validate`
  /// in a directory that is removed again, and waits for it: for `ibgw check`, and never for a start, which Caddy must not hold up.
  public static func checkCaddyfile(_ settings: Settings) -> [Problem] {
    // What keeps it from being rendered is said by `check`.
    guard settings.caddy.isWanted, var rendering = try? Rendering(.caddyfile, settings, settings.modes[0]) else {
      return []
    }
    // Newer releases of Caddy open the log also to validate.
    rendering.discardsHTTPLog = true
    guard let file = try? rendering.file(masked: true) else { return [] }
    let caddy = Command(program: "caddy", environment: ["PATH": settings.searchPath.joined(separator: ":")])
    guard caddy.resolvedPath != nil else { return [] }
    let place = settings.openEnvironment["TMPDIR"] ?? "/tmp"
    do throws(FileError) {
      let directory = try FileSystem.createTemporaryDirectory(in: place)
      defer { FileSystem.removeTree(directory) }
      let path = "\(directory)/Caddyfile"
      try FileSystem.write(file.bytes, to: path, mode: 0o600)
      return validate(path, by: caddy, in: directory)
    } catch {
      return [unchecked("\(error)", fix: "make \(place) writable, or set TMPDIR")]
    }
  }

  private static func validate(_ path: String, by caddy: Command, in directory: String) -> [Problem] {
    var caddy = caddy
    // Caddy makes keys and an identity of its own wherever it keeps its data.
    caddy.environment.merge(["HOME": directory, "XDG_DATA_HOME": directory, "XDG_CONFIG_HOME": directory]) { $1 }
    caddy.arguments = ["validate", "--config", path, "--adapter", "caddyfile"]
    do throws(SpawnFailure) {
      let finished = try caddy.run(within: 20_000)
      return finished.succeeded ? [] : [refused(finished, path)]
    } catch {
      return [unchecked(error.sentence, fix: "install Caddy anew, or set ENABLE_HEALTH_CHECK=no")]
    }
  }

  private static func unchecked(_ why: String, fix: String) -> Problem {
    Problem("CADDYFILE_TMPL", .warning, what: "gives a Caddyfile that could not be checked: \(why)", fix: fix)
  }

  /// A warning and no error: a start goes on without Caddy.
  private static func refused(_ finished: FinishedCommand, _ path: String) -> Problem {
    let lines = String(decoding: finished.output, as: UTF8.self).split(separator: "\n").map(String.init)
    let said = lines.last { $0.hasPrefix("Error: ") } ?? lines.last ?? "exit code \(finished.code)"
    let reason = (said.hasPrefix("Error: ") ? String(said.dropFirst(7)) : said)
      .replacing("\(path):", with: "line ").replacing(path, with: "the Caddyfile")
    return Problem(
      "CADDYFILE_TMPL", .warning,
      what: "gives a Caddyfile that Caddy refuses, so port 2019 stays closed: \(reason)",
      fix: "mend the template; `ibgw render` shows the lines")
  }
}
