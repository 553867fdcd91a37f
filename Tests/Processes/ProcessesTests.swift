import Clocks
import Glibc
import Processes
import Testing

/// Reads a descriptor to its end, waiting at most ten seconds for each part.
private func readToEnd(_ descriptor: Int32) -> String {
  defer { close(descriptor) }
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 10_000) == 1 else {
      return "nothing came within 10 s after: " + String(decoding: text, as: UTF8.self)
    }
    let count = read(descriptor, &buffer, buffer.count)
    if count <= 0 { return String(decoding: text, as: UTF8.self) }
    text += buffer[..<count]
  }
}

private func shell(_ script: String, environment: [String: String] = [:], readiness: Bool = false) -> Command {
  Command(
    program: "/bin/bash", arguments: ["-c", script],
    environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $0 + $1 }, reportsReadiness: readiness)
}

@Suite(.serialized) struct SpawnTests {
  @Test func `a child gets exactly its environment, and its output comes in one pipe in order`() throws {
    let process = try Command(program: "/usr/bin/env", environment: ["B": "2", "A": "1"]).spawn()
    #expect(readToEnd(process.output) == "A=1\nB=2\n")
    let both = try shell("echo out; echo err >&2; echo out").spawn()
    #expect(readToEnd(both.output) == "out\nerr\nout\n")
  }

  @Test func `a child leads a session of its own, with no signal blocked or ignored`() throws {
    Ourselves.maskSignals()
    let process = try shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o pid=,sid=,pgid= -p $$ | tr -s ' '")
      .spawn()
    let lines = readToEnd(process.output).split(separator: "\n")
    // 32 and 33 are libc's own, between its threads; its posix_spawn always leaves them ignored.
    #expect(lines.prefix(2) == ["SigBlk:\t0000000000000000", "SigIgn:\t0000000180000000"])
    let ids = lines.last.map { $0.split(separator: " ").map { Int32($0) } }
    #expect(ids == [process.pid, process.pid, process.pid])
  }

  @Test func `a child has no descriptor of ours`() throws {
    let leaked = open("/dev/null", O_RDONLY)
    defer { close(leaked) }
    let process = try Command(program: "/bin/ls", arguments: ["/proc/self/fd"], environment: [:]).spawn()
    // 3 is ls's own look into the folder.
    #expect(readToEnd(process.output) == "0\n1\n2\n3\n")
  }

  @Test func `a child that is asked to can say on descriptor 3 that it is ready`() throws {
    let process = try shell("echo ready >&3; read line; echo \"${line:-empty}\"", readiness: true).spawn()
    #expect(readToEnd(try #require(process.readiness)) == "ready\n")
    #expect(readToEnd(process.output) == "empty\n")
  }

  @Test(arguments: ["no-such-program", "/no/such/program", "/etc/passwd", "/"])
  func `a program that is not there or cannot be run is named, and is not worth a soon retry`(program: String) {
    let failure = #expect(throws: SpawnFailure.self) {
      try Command(program: program, environment: ["PATH": "/usr/bin"]).spawn()
    }
    #expect(failure?.missing == true)
    #expect(failure?.sentence.contains(program) == true)
  }

  @Test func `the ends of children and orphans are collected with their group`() throws {
    #expect(Ourselves.adoptOrphans())
    let process = try shell("(setsid sleep 0.01 &); kill -9 $$").spawn()
    _ = readToEnd(process.output)
    var ended: [EndedProcess] = []
    let deadline = SystemClock.uptime + 10_000
    while ended.count < 2 && SystemClock.uptime < deadline { Reaper.drain { ended.append($0) } }
    let leader = try #require(ended.first { $0.pid == process.pid })
    #expect(leader.group == process.pid && leader.signaled && leader.code == SIGKILL)
    #expect(!Signals.groupExists(process.pid))
  }
}

@Suite(.serialized) struct RunTests {
  @Test func `a program is run to its end, with its code and all that it said`() throws {
    let finished = try shell("echo out; echo err >&2; exit 7").run(within: 20_000)
    #expect(finished.output == Array("out\nerr\n".utf8))
    #expect(finished.code == 7 && !finished.signaled && !finished.succeeded)
    #expect(try shell("true").run(within: 20_000).succeeded)
  }

  @Test func `a program that a signal ends says which`() throws {
    let finished = try shell("kill -TERM $$").run(within: 20_000)
    #expect(finished.signaled && finished.code == SIGTERM && !finished.succeeded)
  }

  @Test func `more than a megabyte is read and not kept`() throws {
    let finished = try shell("head -c 3000000 /dev/zero").run(within: 20_000)
    #expect(finished.output.count == 1 << 20 && finished.succeeded)
  }

  @Test func `a program that does not end in time is ended with all that it started`() throws {
    let path = "/tmp/ibgw-run-\(getpid())"
    defer { unlink(path) }
    let failure = #expect(throws: SpawnFailure.self) {
      try shell("echo $$ >\(path); sleep 600 & sleep 600; true").run(within: 3000)
    }
    #expect(failure?.sentence.contains("did not end within 3 s") == true && failure?.missing == false)
    let leader = try #require(Int32(readToEnd(open(path, O_RDONLY)).filter(\.isNumber)))
    let deadline = SystemClock.uptime + 10_000
    func isAlive() -> Bool { ProcessTable.all().contains { $0.session == leader && $0.state != UInt8(ascii: "Z") } }
    while isAlive() && SystemClock.uptime < deadline { sched_yield() }
    #expect(!isAlive())
  }
}

@Suite struct ProcessTableTests {
  @Test func `a line of stat is read whatever the command's name holds`() {
    let line = "42 (a) b) (c) S 1 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 0 99"
    let entry = ProcessEntry(stat: line.utf8)
    #expect(entry?.pid == 42 && entry?.parent == 1 && entry?.group == 40 && entry?.session == 39)
    #expect(entry?.startTime == 123456 && entry?.state == UInt8(ascii: "S"))
    #expect(entry?.ticks == 11 && entry?.ticksOfEndedChildren == 15 && entry?.residentPages == 99)
  }

  @Test(arguments: [
    "", "42", "42 (x", "42 (x) S 1", "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", ") (",
  ])
  func `what is no line of stat is refused`(line: String) {
    #expect(ProcessEntry(stat: line.utf8) == nil)
  }

  @Test func `this very process is found with its parent`() {
    let entry = ProcessTable.entry(of: getpid())
    #expect(entry?.parent == getppid())
    #expect(ProcessTable.all().contains { $0.pid == getpid() })
  }
}

@Suite struct InstanceLockTests {
  @Test func `a second holder is refused with the first one's pid, and the lock is free again afterwards`() throws {
    let path = "/tmp/ibgw-lock-\(getpid())"
    defer { unlink(path) }
    func hold() throws {
      let lock = try InstanceLock(path: path)
      #expect(throws: InstanceLock.Failure.held(by: getpid())) { _ = try InstanceLock(path: path) }
      _ = consume lock
    }
    try hold()
    // A process that another test starts at this moment may have the descriptor until it is executed.
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      do throws(InstanceLock.Failure) {
        _ = try InstanceLock(path: path)
        return
      } catch .held where ContinuousClock.now < deadline {
        sched_yield()
      } catch {
        throw error
      }
    }
  }
}
