import Glibc
import Processes
import Splice

/// Texts of the kernel.
extension Target {
  static let processes = Target(name: "processes", words: ["(", ")", " ", ") R ", "-1", "1", "(a) b)", "\n", "0"]) {
    input, dice in
    let entry = ProcessEntry(stat: input)
    guard let entry else { return }
    let close = input.lastIndex(of: UInt8(ascii: ")")) ?? 0
    let fields = input[(close + 1)...].split(separator: UInt8(ascii: " "))
    try expect(fields.count >= 22 && fields[0].first == entry.state, "a state that is not there")
    // Whatever the command's name is, the rest is read as before.
    let name = [UInt8](repeating: dice.pick([40, 41, 32, 10, 0x41]), count: dice.below(20))
    let open = input.firstIndex(of: UInt8(ascii: "(")) ?? 0
    let renamed = ProcessEntry(stat: Array(input[...open]) + name + input[close...])
    try expect(renamed == entry, "the command's name changes what is read")
  }

  static let sockets = Target(
    name: "sockets",
    words: [
      " 0A ", " 08 ", " 01 ", "\n", ":", "0100007F:0FA1", "00000000000000000000000001000000:1F90", "FFFFFFFF", " ",
    ],
    isSlow: true
  ) { input, _ in
    let folder = "/dev/shm/fuzz-\(getpid())"
    let file = "\(folder)/net/tcp"
    if mkdir(folder, 0o700) == 0 { mkdir("\(folder)/net", 0o700) }
    defer { for path in [file] { unlink(path) }; rmdir("\(folder)/net"); rmdir(folder) }
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try expect(descriptor >= 0, "cannot write \(file)")
    _ = input.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    let ports = ListenTable.ports(proc: folder)
    try expect(ports.count <= input.count { $0 == 10 } + 1, "there are more ports than rows")
    for port in ports where port != 0 {
      // The number may have more digits than a port has; what counts are the last four.
      let digits = Array(String(port, radix: 16).utf8)
      let text = input.map { (65...70).contains($0) ? $0 + 32 : $0 }
      let found = text.indices.contains { text[$0...].starts(with: digits) }
      try expect(found, "a port that is not there: \(port)")
    }
  }
}
