import Files
import FoundationEssentials
import Glibc
import Lifecycle
import Trading

/// The files in which what the logins cost outlives the container: `MODE.json` of each mode in one folder, for this user alone.
///
/// Each is written as a whole at once, and lasts through a power cut: it is written when a login begins, fails or succeeds, which is
/// seldom. Where the folder cannot be written the run directory has to do, which outlives at least a restart of the same container.
/// What cannot be read is moved aside and treated as if everything had just been spent: never as if nothing had been.
public struct LoginFiles {
  /// The folder's name below the settings folder.
  public static let folderName = ".ibgw"

  let folder: String
  /// Where a record goes that the folder does not take. One that is there is newer than the folder's.
  let spareFolder: String
  let limits: LoginLimits
  /// Which boot of the machine this is; the same in every container on it.
  let boot: String

  init(folder: String, spareFolder: String, limits: LoginLimits, boot: String = Self.presentBoot) {
    self.folder = folder
    self.spareFolder = spareFolder
    self.limits = limits
    self.boot = boot
  }

  static var presentBoot: String {
    let text = (try? FileSystem.readText("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? ""
    return String(text.prefix { !$0.isWhitespace })
  }

  func path(_ mode: Mode) -> String { "\(folder)/\(mode.rawValue).json" }

  private func sparePath(_ mode: Mode) -> String { "\(spareFolder)/\(mode.rawValue).json" }

  /// The budgets of these modes as they were left, and what was wrong with them, in sentences. A mode without a file has none.
  func read(_ modes: [Mode], at now: Moment) -> (budgets: [Mode: LoginBudget], problems: [String]) {
    var result: (budgets: [Mode: LoginBudget], problems: [String]) = ([:], [])
    for mode in modes {
      for path in [sparePath(mode), path(mode)] {
        guard let found = read(path, mode, now) else { continue }
        switch found {
        case .success(let budget): result.budgets[mode] = budget
        case .failure(let problem):
          result.budgets[mode] = .unreadable(limits, at: now)
          result.problems.append(problem.sentence)
        }
        break
      }
    }
    return result
  }

  private struct Unreadable: Error { var sentence: String }

  /// The budget of one file; nil where there is no file.
  private func read(_ path: String, _ mode: Mode, _ now: Moment) -> Result<LoginBudget, Unreadable>? {
    let outcome = "so no login is tried for a day, unless a person asks for it by: ibgw resume \(mode.rawValue)"
    do throws(FileError) {
      let bytes = try FileSystem.read(path, limit: 1 << 20)
      let record = try? JSONDecoder().decode(LoginRecord.self, from: Data(bytes))
      if let budget = record?.budget(boot: boot, at: now) { return .success(budget) }
    } catch {
      if error.code == ENOENT { return nil }
      let sentence =
        "cannot know what earlier logins cost: \(error); make it readable, or remove it; until then it may all be spent"
      return .failure(Unreadable(sentence: "\(sentence), \(outcome)"))
    }
    let aside = "\(path).corrupt-\(now.wall / 1000)"
    let kept = rename(path, aside) == 0 ? "kept as \(aside)" : "still there; remove it"
    let sentence =
      "cannot know what earlier logins cost: \(path) is no record of them (it is \(kept)); it may all be spent"
    return .failure(Unreadable(sentence: "\(sentence), \(outcome)"))
  }

  /// Writes what the logins of a mode have cost. Throws where that was done in the spare folder, or nowhere.
  func write(_ budget: LoginBudget, of mode: Mode, at now: Moment) throws(LoginFilesError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(LoginRecord(budget, boot: boot, at: now)) else { return }
    do throws(FileError) {
      try FileSystem.createDirectory(folder, mode: 0o700)
      try FileSystem.write(Array(json), to: path(mode), mode: 0o600)
    } catch {
      do throws(FileError) {
        try FileSystem.createDirectory(spareFolder, mode: 0o700)
        try FileSystem.write(Array(json), to: sparePath(mode), mode: 0o600)
      } catch let spareError {
        throw LoginFilesError(
          sentence: "cannot keep what the logins cost: \(error), and \(spareError); \(advice("restart"))")
      }
      throw LoginFilesError(
        sentence:
          "cannot keep what the logins cost beside the settings: \(error); it is in \(spareFolder), and \(advice("new creation"))"
      )
    }
    unlink(sparePath(mode))
  }

  private func advice(_ what: String) -> String { "a \(what) of the container forgets it; make \(folder) writable" }
}

/// Why what the logins cost is not kept where it should be, in one sentence.
struct LoginFilesError: Error, Equatable {
  var sentence: String
}

extension Supervisor {
  /// Keeps what the logins cost. What is wrong with that is said once.
  func persist(_ budget: LoginBudget, of mode: Mode) {
    guard let loginFiles else { return }
    do throws(LoginFilesError) {
      try loginFiles.write(budget, of: mode, at: now)
      unkeptLogins[mode] = nil
    } catch {
      guard unkeptLogins[mode] != error.sentence else { return }
      unkeptLogins[mode] = error.sentence
      say(.warning, ServiceName.gateway(mode).text, error.sentence)
    }
  }
}
