import Files
import FoundationEssentials
import Glibc
import Lifecycle
import Trading

/// The files in which what the logins cost outlives the container: `MODE.json` of each mode in one folder, for this user alone.
///
/// Each is written as a whole at once, and lasts through a power cut: it is written when a login begins, fails or succeeds, which is
/// seldom. What cannot be read is moved aside and treated as if a login had just failed: never as if nothing had been spent.
public struct LoginFiles {
  /// The folder's name below the settings folder.
  public static let folderName = ".ibgw"

  let folder: String
  /// Which boot of the machine this is; the same in every container on it.
  let boot: String

  init(folder: String, boot: String = Self.presentBoot) {
    self.folder = folder
    self.boot = boot
  }

  static var presentBoot: String {
    let text = (try? FileSystem.readText("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? ""
    return String(text.prefix { !$0.isWhitespace })
  }

  func path(_ mode: Mode) -> String { "\(folder)/\(mode.rawValue).json" }

  /// The budgets of these modes as they were left, and what was wrong with them, in sentences. A mode without a file has none.
  func read(_ modes: [Mode], at now: Moment) -> (budgets: [Mode: LoginBudget], problems: [String]) {
    var result: (budgets: [Mode: LoginBudget], problems: [String]) = ([:], [])
    for mode in modes {
      let path = path(mode)
      guard FileSystem.kind(of: path) != nil else { continue }
      do throws(FileError) {
        let bytes = try FileSystem.read(path, limit: 1 << 20)
        let record = try? JSONDecoder().decode(LoginRecord.self, from: Data(bytes))
        if let budget = record?.budget(boot: boot, at: now) {
          result.budgets[mode] = budget
          continue
        }
        result.problems.append(moveAside(path, now))
      } catch {
        result.problems.append("cannot know what earlier logins cost: \(error); make it readable, or remove it")
      }
      result.budgets[mode] = .unreadable(at: now)
    }
    return result
  }

  private func moveAside(_ path: String, _ now: Moment) -> String {
    let aside = "\(path).corrupt-\(now.wall / 1000)"
    let moved = rename(path, aside) == 0
    return "cannot know what earlier logins cost: \(path) is no record of them; it counts as one failed login"
      + (moved ? ", and the file is kept as \(aside)" : "; remove the file")
  }

  /// Writes what the logins of a mode have cost.
  func write(_ budget: LoginBudget, of mode: Mode, at now: Moment) throws(FileError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(LoginRecord(budget, boot: boot, at: now)) else { return }
    try FileSystem.createDirectory(folder, mode: 0o700)
    try FileSystem.write(Array(json), to: path(mode), mode: 0o600)
  }
}

extension Supervisor {
  func persist(_ budget: LoginBudget, of mode: Mode) {
    guard let loginFiles else { return }
    do throws(FileError) { try loginFiles.write(budget, of: mode, at: now) } catch {
      let advice = "a restart of the container forgets it; make \(loginFiles.folder) writable"
      say(.warning, ServiceName.gateway(mode).text, "cannot keep what the logins cost: \(error); \(advice)")
    }
  }
}
