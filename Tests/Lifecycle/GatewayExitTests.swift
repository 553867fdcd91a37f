import Lifecycle
import Testing

@Suite struct GatewayExitTests {
  @Test(
    arguments: [
      (1, "no java was found"), (2, "TWS_MAJOR_VRSN"), (3, "argument"), (4, "jars"), (5, "TWS_SETTINGS_PATH"),
      (6, "IBC_INI"), (7, "vmoptions"), (8, "operating system"),
    ] as [(Int32, String)])
  func `ibcstart.sh's own codes are a configuration that no further try mends, and say what is missing`(
    code: Int32, word: String
  ) throws {
    let meaning = try #require(configuration(GatewayExit(.code(code), javaSeen: false)))
    #expect(meaning.contains(word))
    #expect(meaning.contains("exit code \(code)"))
  }

  @Test(arguments: 1...8 as ClosedRange<Int32>)
  func `the same codes are java's own once it has been started`(code: Int32) {
    #expect(GatewayExit(.code(code), javaSeen: true) == .other("ended by exit code \(code)"))
  }

  @Test(arguments: [77, 78, 79, 80, 81, 82, 83, 84, 85, 86] as [Int32], [true, false])
  func `IBC's codes for its settings are a configuration, and name the code`(code: Int32, javaSeen: Bool) throws {
    let meaning = try #require(configuration(GatewayExit(.code(code), javaSeen: javaSeen)))
    #expect(meaning.contains("exit code \(code)"))
  }

  @Test(
    arguments: [
      (80, "trading mode"), (81, "setting"), (83, "GATEWAY_OR_TWS"), (84, "is a directory"), (85, "writable"),
    ] as [(Int32, String)])
  func `a code that has one cause names it`(code: Int32, word: String) throws {
    #expect(try #require(configuration(GatewayExit(.code(code), javaSeen: true))).contains(word))
  }

  @Test(arguments: [87, 88] as [Int32])
  func `a login that was not completed is a login's failure`(code: Int32) {
    guard case .login(let meaning) = GatewayExit(.code(code), javaSeen: true) else {
      Issue.record("exit code \(code) is not a login's failure")
      return
    }
    #expect(meaning.contains("exit code \(code)"))
  }

  @Test(arguments: [0, 76, 137, 143, 9, 75, 89, 255] as [Int32])
  func `everything else is tried again`(code: Int32) {
    guard case .other(let meaning) = GatewayExit(.code(code), javaSeen: true) else {
      Issue.record("exit code \(code) is not tried again")
      return
    }
    #expect(meaning.contains("exit code \(code)"))
  }

  @Test func `a code that proves nothing says so, and a KILL names its usual cause`() {
    #expect(
      GatewayExit(.code(0), javaSeen: true)
        == .other("ended by itself (exit code 0: a stop or a log-off inside the gateway)"))
    #expect(
      GatewayExit(.code(137), javaSeen: true) == .other("ended by exit code 137, a KILL: often the memory limit"))
    #expect(GatewayExit(.code(76), javaSeen: true) == .other("found no X display (exit code 76)"))
  }

  @Test(arguments: [1, 9, 11, 15, 64] as [Int32], [true, false])
  func `a signal is tried again`(number: Int32, javaSeen: Bool) {
    #expect(GatewayExit(.signal(number), javaSeen: javaSeen) == .other("ended by \(Exit.signal(number))"))
  }

  @Test func `every code has a meaning with words in it`() {
    for code in Int32(0)...255 {
      for javaSeen in [true, false] {
        switch GatewayExit(.code(code), javaSeen: javaSeen) {
        case .configuration(let meaning), .login(let meaning), .other(let meaning): #expect(meaning.count > 10)
        }
      }
    }
  }

  private func configuration(_ exit: GatewayExit) -> String? {
    if case .configuration(let meaning) = exit { meaning } else { nil }
  }
}
