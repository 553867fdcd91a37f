import Glibc

/// What is being read at the moment, kept where a signal handler can find it: a trap ends the process, and what it was fed with must
/// not be lost with it.
enum CrashNote {
  /// The longest input that is kept to be written out: a longer one would bury the line that makes it again.
  private static let room = 16 * 1024

  // One thread writes these before each execution; the handlers read them on that same thread, or when it has stopped for good.
  nonisolated(unsafe) private static let header = UnsafeMutablePointer<UInt8>.allocate(capacity: 1024)
  nonisolated(unsafe) private static var headerLength = 0
  nonisolated(unsafe) private static let input = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
  nonisolated(unsafe) private static var inputLength = 0
  nonisolated(unsafe) private static let text = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * room)
  nonisolated(unsafe) private static var executions: UInt64 = 0
  nonisolated(unsafe) private static var executionsBefore: UInt64 = .max

  /// The processor time that one input may take, in seconds: two of these at the most.
  private static let patience = 10

  /// Has crashes, and an input that takes for ever, tell of themselves.
  static func install() {
    // A stack that has run over needs another one for the handler.
    var stack = stack_t(ss_sp: malloc(65_536), ss_flags: 0, ss_size: 65_536)
    sigaltstack(&stack, nil)
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
      handle(number) { number in
        CrashNote.tell("the process was ended by a trap or a fault\n")
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    handle(SIGVTALRM) { _ in
      if CrashNote.executions == CrashNote.executionsBefore {
        CrashNote.tell("one input takes more than 10 s of processor time\n")
        _exit(3)
      }
      CrashNote.executionsBefore = CrashNote.executions
    }
    let period = timeval(tv_sec: patience, tv_usec: 0)
    var timer = itimerval(it_interval: period, it_value: period)
    setitimer(__itimer_which_t(ITIMER_VIRTUAL.rawValue), &timer, nil)
  }

  private static func handle(_ number: Int32, by handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = Int32(bitPattern: UInt32(SA_ONSTACK))
    sigaction(number, &action, nil)
  }

  /// The execution that begins now.
  static func begin(_ words: String, _ bytes: [UInt8]) {
    executions &+= 1
    headerLength = 0
    for byte in words.utf8.prefix(1024) {
      header[headerLength] = byte
      headerLength += 1
    }
    inputLength = bytes.count
    guard inputLength <= room else { return }
    bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { input.update(from: start, count: inputLength) } }
  }

  /// Writes what is known to standard error, without allocating.
  static func tell(_ what: StaticString) {
    write(2, what.utf8Start, what.utf8CodeUnitCount)
    write(2, header, headerLength)
    guard inputLength <= room else {
      let label: StaticString = "\nthe input is too long to be shown\n"
      write(2, label.utf8Start, label.utf8CodeUnitCount)
      return
    }
    let label: StaticString = "\ninput in base64: "
    write(2, label.utf8Start, label.utf8CodeUnitCount)
    write(2, text, encode())
  }

  private static func encode() -> Int {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    var length = 0
    var index = 0
    while index < inputLength {
      let left = inputLength - index
      var group = UInt32(input[index]) << 16
      if left > 1 { group |= UInt32(input[index + 1]) << 8 }
      if left > 2 { group |= UInt32(input[index + 2]) }
      for place in 0..<4 {
        let sextet = Int(group >> UInt32(18 - 6 * place) & 63)
        text[length] = place > left ? UInt8(ascii: "=") : alphabet.utf8Start[sextet]
        length += 1
      }
      index += 3
    }
    text[length] = UInt8(ascii: "\n")
    return length + 1
  }
}
