import Files
import Glibc
import TestSupport
import Testing

@Suite struct FileSystemTests {
  private let directory = TemporaryDirectory()

  private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  @Test(arguments: [true, false])
  func `what is written is read back, with its permissions and nothing beside it`(durable: Bool) throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try FileSystem.write(bytes, to: path("file"), mode: 0o600, durable: durable)
    #expect(try FileSystem.read(path("file")) == bytes)
    #expect(FileSystem.permissions(of: path("file")) == 0o600)
    try FileSystem.write([], to: path("file"), mode: 0o644)
    #expect(try FileSystem.read(path("file")).isEmpty)
    #expect(FileSystem.permissions(of: path("file")) == 0o644)
    #expect(try FileSystem.list(directory.path) == ["file"])
  }

  @Test func `a temporary directory is new and for its owner alone`() throws {
    let paths = try (0..<2).map { _ in try FileSystem.createTemporaryDirectory(in: directory.path) }
    #expect(paths[0] != paths[1] && paths.allSatisfy { FileSystem.permissions(of: $0) == 0o700 })
    #expect(throws: FileError.self) { try FileSystem.createTemporaryDirectory(in: path("missing")) }
  }

  @Test func `the permissions do not depend on the umask`() throws {
    let before = umask(0o077)
    defer { umask(before) }
    try FileSystem.write([1], to: path("file"), mode: 0o644)
    #expect(FileSystem.permissions(of: path("file")) == 0o644)
  }

  @Test func `a link is written through, and stays a link`() throws {
    try FileSystem.write([1], to: path("target"), mode: 0o600)
    #expect(symlink("target", path("link")) == 0)
    try FileSystem.write([2], to: path("link"), mode: 0o600)
    #expect(try FileSystem.read(path("target")) == [2])
    #expect(try FileSystem.list(directory.path) == ["link", "target"])
    var status = stat()
    #expect(lstat(path("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func `an error leaves what was there, and no temporary file`() throws {
    try FileSystem.createDirectory(path("taken"))
    #expect(throws: FileError.self) { try FileSystem.write([1], to: path("taken"), mode: 0o600) }
    #expect(throws: FileError.self) { try FileSystem.write([1], to: path("missing/file"), mode: 0o600) }
    let long = String(repeating: "x", count: 255)
    #expect(throws: FileError.self) { try FileSystem.write([1], to: path(long), mode: 0o600) }
    #expect(try FileSystem.list(directory.path) == ["taken"])
  }

  @Test func `an error says what, where and why in one sentence`() throws {
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "no error"
      } catch { return "\(error)" }
    }
    let file = path("file")
    try FileSystem.write([1, 2, 3], to: file, mode: 0o600)
    #expect(message { _ = try FileSystem.read(path("no")) } == "cannot read \(path("no")): it does not exist")
    #expect(message { _ = try FileSystem.read(directory.path) } == "cannot read \(directory.path): it is a directory")
    #expect(message { _ = try FileSystem.read(file, limit: 2) } == "cannot read \(file): it is larger than 2 bytes")
    #expect(
      message { _ = try FileSystem.read("\(file)/x") } == "cannot read \(file)/x: a part of the path is no directory")
    #expect(message { _ = try FileSystem.list(path("no")) } == "cannot list \(path("no")): it does not exist")
    #expect(
      message { try FileSystem.write([], to: path("no/x"), mode: 0o600) }
        == "cannot write \(path("no/x")): its directory does not exist")
    #expect(
      message { try FileSystem.createDirectory("\(file)") } == "cannot create \(file): a file of that name is there")
    #expect(message { _ = try FileSystem.read("/dev/null") } == "cannot read /dev/null: it is no regular file")
  }

  @Test func `a reader meets the old bytes or the new ones, never a part`() async throws {
    let file = path("file")
    let contents = [[UInt8](repeating: 1, count: 200_000), [UInt8](repeating: 2, count: 300_000)]
    try FileSystem.write(contents[0], to: file, mode: 0o600)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<2 {
        group.addTask { for _ in 0..<40 { try FileSystem.write(contents[writer], to: file, mode: 0o600) } }
      }
      group.addTask {
        for _ in 0..<200 {
          let bytes = try FileSystem.read(file)
          #expect(contents.contains(bytes))
        }
      }
      try await group.waitForAll()
    }
    #expect(try FileSystem.list(directory.path) == ["file"])
  }

  @Test func `a pipe in a file's place neither blocks nor is read`() throws {
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    #expect(throws: FileError.self) { try FileSystem.read(path("pipe")) }
  }

  @Test func `files of the kernel that say they are empty are read to their end`() throws {
    #expect(try FileSystem.readText("/proc/self/status").contains("Pid:"))
    #expect(try !FileSystem.read("/proc/self/cmdline").isEmpty)
  }

  @Test func `text has to be UTF-8`() throws {
    try FileSystem.write(Array("grüezi\n".utf8), to: path("text"), mode: 0o600)
    #expect(try FileSystem.readText(path("text")) == "grüezi\n")
    try FileSystem.write([0x67, 0xFC], to: path("latin"), mode: 0o600)
    #expect(throws: FileError.self) { try FileSystem.readText(path("latin")) }
  }

  @Test func `directories are made with those above them, once and again`() throws {
    try FileSystem.createDirectory(path("a/b/c"), mode: 0o700)
    #expect(FileSystem.kind(of: path("a/b/c")) == .directory)
    #expect(FileSystem.permissions(of: path("a/b")) == 0o700)
    try FileSystem.createDirectory(path("a/b/c"))
    #expect(FileSystem.permissions(of: path("a/b/c")) == 0o700)
    try FileSystem.write([], to: path("file"), mode: 0o600)
    #expect(throws: FileError.self) { try FileSystem.createDirectory(path("file/below")) }
  }

  @Test func `removing what is not there is no error`() throws {
    try FileSystem.write([], to: path("file"), mode: 0o600)
    try FileSystem.remove(path("file"))
    try FileSystem.remove(path("file"))
    #expect(try FileSystem.list(directory.path).isEmpty)
    try FileSystem.createDirectory(path("a/b"))
    #expect(throws: FileError.self) { try FileSystem.remove(path("a")) }
  }

  @Test func `a tree is removed, and what its links lead to is not`() throws {
    try FileSystem.createDirectory(path("tree/a/b"))
    try FileSystem.write([], to: path("tree/a/file"), mode: 0o600)
    try FileSystem.createDirectory(path("kept"))
    try FileSystem.write([], to: path("kept/file"), mode: 0o600)
    #expect(symlink(path("kept"), path("tree/link")) == 0)
    FileSystem.removeTree(path("tree"))
    #expect(try FileSystem.list(directory.path) == ["kept"])
    #expect(FileSystem.kind(of: path("kept/file")) == .file)
  }

  @Test func `names are listed by their bytes`() throws {
    for name in ["b", "B", "a", "é", ".hidden", "10", "9"] { try FileSystem.write([], to: path(name), mode: 0o600) }
    #expect(try FileSystem.list(directory.path) == [".hidden", "10", "9", "B", "a", "b", "é"])
  }

  @Test func `kinds and rights are told`() throws {
    try FileSystem.write([], to: path("file"), mode: 0o600)
    #expect(FileSystem.kind(of: path("file")) == .file)
    #expect(FileSystem.kind(of: directory.path) == .directory)
    #expect(FileSystem.kind(of: "/dev/null") == .other)
    #expect(FileSystem.kind(of: path("no")) == nil)
    #expect(FileSystem.isWritableDirectory(directory.path))
    #expect(!FileSystem.isWritableDirectory(path("file")))
    #expect(!FileSystem.isWritableDirectory(path("no")))
    #expect(!FileSystem.isExecutable(path("file")))
    #expect(FileSystem.isExecutable("/bin/sh"))
    #expect(FileSystem.isMountPoint("/proc"))
    #expect(!FileSystem.isMountPoint(directory.path))
  }

  @Test(
    arguments: [
      ("/a/b/c", "/a/b"), ("/a", "/"), ("/", "/"), ("/a/b/", "/a"), ("a", "."), ("a/b", "a"),
    ])
  func `the directory of a path is what stands before its last part`(path: String, parent: String) {
    #expect(FileSystem.directory(of: path) == parent)
  }
}
