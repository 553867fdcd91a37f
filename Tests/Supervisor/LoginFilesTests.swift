import Files
import Glibc
import Lifecycle
import TestSupport
import Testing
import Trading

@testable import Supervisor

@Suite struct LoginFilesTests {
  private let directory = TemporaryDirectory()
  private let now = Moment(uptime: 500_000_000, wall: 1_700_000_000_000)

  private var folder: String { "\(directory.path)/settings/.ibgw" }
  private var spare: String { "\(directory.path)/run/logins" }
  private var files: LoginFiles {
    LoginFiles(folder: folder, spareFolder: spare, limits: LoginLimits(), boot: "boot-1")
  }

  private var spent: LoginBudget { .unreadable(LoginLimits(), at: now) }

  @Test func `a budget is written for its user alone, beside the settings, and read again`() throws {
    try files.write(spent, of: .live, at: now)
    #expect(FileSystem.permissions(of: "\(folder)/live.json") == 0o600)
    #expect(FileSystem.permissions(of: folder) == 0o700)
    #expect(try FileSystem.list(folder) == ["live.json"])
    let read = files.read([.live, .paper], at: now)
    #expect(read.problems == [])
    #expect(read.budgets[.live]?.charges == spent.charges)
    #expect(read.budgets[.paper] == nil)
  }

  @Test(arguments: ["", "{", "null", "[]", "{\"format\": 1}", "{\"format\": 99, \"charges\": []}", "\u{0}\u{1}"])
  func `a file that is no record is moved aside, said, and counts as if all were spent`(text: String) throws {
    try FileSystem.createDirectory(folder)
    try FileSystem.write(Array(text.utf8), to: "\(folder)/live.json", mode: 0o600)
    let read = files.read([.live], at: now)
    #expect(read.budgets[.live]?.reopens(LoginLimits(), at: now.uptime) == now.uptime + 86_400_000)
    #expect(read.problems.count == 1 && read.problems[0].contains("no login is tried for a day"))
    #expect(try FileSystem.list(folder) == ["live.json.corrupt-1700000000"])
  }

  @Test func `times that no clock can show are no record`() throws {
    try files.write(spent, of: .live, at: now)
    let text = try FileSystem.readText("\(folder)/live.json")
    let broken = text.replacing("1700000000000", with: "\(Int64.min)")
    #expect(broken != text)
    try FileSystem.write(Array(broken.utf8), to: "\(folder)/live.json", mode: 0o600)
    let read = files.read([.live], at: now)
    #expect(read.problems.count == 1)
    #expect(read.budgets[.live] == spent)
  }

  @Test
  func `a folder that cannot be written is an error in words, and a directory in the file's place is no clean slate`()
    throws
  {
    try FileSystem.createDirectory("\(folder)/paper.json")
    let error = #expect(throws: LoginFilesError.self) { try files.write(spent, of: .paper, at: now) }
    #expect(
      error?.sentence.contains("it is a directory; it is in \(spare), and a new creation of the container") == true)
    try FileSystem.remove("\(spare)/paper.json")
    let read = files.read([.paper], at: now)
    #expect(read.problems.count == 1)
    #expect(read.budgets[.paper] == spent)
  }

  @Test func `what the folder does not take is kept in the run directory, and is taken from there while it is newer`()
    throws
  {
    try files.write(LoginBudget(), of: .live, at: now)
    let before = try FileSystem.readText(files.path(.live))
    try FileSystem.remove(files.path(.live))
    try FileSystem.createDirectory(files.path(.live))
    #expect(throws: LoginFilesError.self) { try files.write(spent, of: .live, at: now) }
    #expect(files.read([.live], at: now).budgets[.live]?.charges == spent.charges)
    try FileSystem.remove(files.path(.live))
    try FileSystem.write(Array(before.utf8), to: files.path(.live), mode: 0o600)
    #expect(files.read([.live], at: now).budgets[.live]?.charges == spent.charges)
    try files.write(LoginBudget(), of: .live, at: now)
    #expect(files.read([.live], at: now).budgets[.live]?.charges == [])
    #expect(try FileSystem.list(spare) == [])
  }

  @Test func `this machine tells its boot`() { #expect(!LoginFiles.presentBoot.isEmpty) }

  @Test func `session files are found where ibcstart.sh looks for them, and moved out of its sight`() throws {
    let settings = "\(directory.path)/settings"
    for folder in ["aaaa", "bbbb/deeper", "cccc/autorestart"] {
      try FileSystem.createDirectory("\(settings)/\(folder)")
    }
    for path in ["autorestart", "aaaa/autorestart", "bbbb/deeper/autorestart", "aaaa/autorestart.stale-1"] {
      try FileSystem.write([1], to: "\(settings)/\(path)", mode: 0o600)
    }
    let found = SessionFolder.files(in: settings)
    #expect(found.map(\.path) == ["\(settings)/aaaa/autorestart"])
    var status = stat()
    #expect(stat(found[0].path, &status) == 0 && found[0].modified / 1000 == Int64(status.st_mtim.tv_sec))
    #expect(SessionFolder.moveAside(found[0], at: now) == "\(settings)/aaaa/autorestart.stale-1700000000")
    #expect(SessionFolder.files(in: settings) == [])
    #expect(SessionFolder.files(in: "\(settings)/missing") == [])
  }
}
