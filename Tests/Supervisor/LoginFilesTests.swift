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
  private var files: LoginFiles { LoginFiles(folder: folder, boot: "boot-1") }

  private var spent: LoginBudget { .unreadable(at: now) }

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
  func `a file that is no record is moved aside, said, and counts as one failed login`(text: String) throws {
    try FileSystem.createDirectory(folder)
    try FileSystem.write(Array(text.utf8), to: "\(folder)/live.json", mode: 0o600)
    let read = files.read([.live], at: now)
    #expect(read.budgets[.live]?.charged(within: 3_600_000, at: now.uptime) == 1)
    #expect(read.budgets[.live]?.notBefore == now.uptime + 30_000)
    #expect(read.problems.count == 1 && read.problems[0].contains("counts as one failed login"))
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
    #expect(read.budgets[.live] == .unreadable(at: now))
  }

  @Test func `a folder that cannot be written is an error in words, and a directory in the file's place is no clean slate`() throws {
    try FileSystem.createDirectory("\(folder)/paper.json")
    #expect(throws: FileError.self) { try files.write(spent, of: .paper, at: now) }
    let read = files.read([.paper], at: now)
    #expect(read.problems.count == 1)
    #expect(read.budgets[.paper] == .unreadable(at: now))
  }

  @Test func `this machine tells its boot`() { #expect(!LoginFiles.presentBoot.isEmpty) }

  @Test func `session files are found where ibcstart.sh looks for them, and moved out of its sight`() throws {
    let settings = "\(directory.path)/settings"
    for folder in ["aaaa", "bbbb/deeper", "cccc/autorestart"] { try FileSystem.createDirectory("\(settings)/\(folder)") }
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
