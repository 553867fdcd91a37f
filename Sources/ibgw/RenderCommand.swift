import ArgumentParser
import Files
import Preparation
import Settings

/// `ibgw render`
struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Shows the files that would be rendered, with secrets masked.",
    discussion: "A jts.ini that exists is never replaced in a run; here a new one is shown.")

  @Option(help: "Write the files below this directory instead of printing them.")
  var output: String?

  func run() throws {
    let (settings, problems) = processSettings()
    for problem in problems { printError("\(problem.severity.rawValue): \(problem)") }
    if problems.containsError { throw ExitCode(78) }
    let files: [RenderedFile]
    do throws(Problem) {
      files = try Preparation.render(settings, masked: true)
    } catch {
      printError("error: \(error)")
      throw ExitCode(78)
    }
    if let output { return try write(files, below: output) }
    for (index, file) in files.enumerated() {
      print("\(index == 0 ? "" : "\n")==> \(file.path) <==")
      print(String(decoding: file.bytes, as: UTF8.self), terminator: "")
    }
  }

  private func write(_ files: [RenderedFile], below directory: String) throws {
    do throws(FileError) {
      for file in files {
        let path = "\(directory)\(file.path)"
        try FileSystem.createDirectory(FileSystem.directory(of: path))
        try FileSystem.write(file.bytes, to: path, mode: file.mode)
        print(path)
      }
    } catch {
      printError("\(error)")
      throw ExitCode(70)
    }
  }
}
