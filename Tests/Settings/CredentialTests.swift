import Testing
import Trading

@testable import Settings

@Suite struct CredentialTests {
  @Test(
    arguments: [
      (["TRADING_MODE": "paper"], [Mode.paper]), (["TRADING_MODE": "live"], [.live]),
      (["TRADING_MODE": "LIVE"], [.live]),
      (["TRADING_MODE": "both"], [.live, .paper]), (["DUAL_MODE": "yes"], [.live, .paper]),
      (["DUAL_MODE": "yes", "TRADING_MODE": "live"], [.live, .paper]), (["DUAL_MODE": "no"], [.paper]), ([:], [.paper]),
    ])
  func `the trading mode decides which gateways run, live first`(environment: [String: String], modes: [Mode]) {
    #expect(parse(environment).settings.modes == modes)
  }

  @Test(arguments: [Mode.live, .paper])
  func `one mode alone logs in with the plain variables`(mode: Mode) {
    let (settings, problems) = parse(["TRADING_MODE": mode.rawValue].merging(login) { $1 })
    #expect(settings.credentials(for: mode).userID == "someone")
    #expect(settings.credentials(for: mode).password == "correct horse")
    #expect(settings.credentials(for: mode).isComplete)
    #expect(problems.isEmpty)
    #expect(settings.suffix(for: mode) == "")
  }

  /// Each of the four parts of a dual login by variable or by file: sixteen mixtures.
  @Test(arguments: 0..<16)
  func `both modes mix variables and files freely`(mixture: Int) {
    let names = ["TWS_USERID", "TWS_PASSWORD", "TWS_USERID_PAPER", "TWS_PASSWORD_PAPER"]
    var environment = ["TRADING_MODE": "both"]
    var files: [String: String] = [:]
    for (bit, name) in names.enumerated() {
      if mixture & (1 << bit) == 0 {
        environment[name] = "value of \(name)"
      } else {
        environment["\(name)_FILE"] = "/run/secrets/\(name)"
        files["/run/secrets/\(name)"] = "value of \(name)\n"
      }
    }
    let (settings, problems) = parse(environment, files: files)
    #expect(problems.isEmpty)
    #expect(settings.credentials(for: .live).userID == "value of TWS_USERID")
    #expect(settings.credentials(for: .live).password == "value of TWS_PASSWORD")
    #expect(settings.credentials(for: .paper).userID == "value of TWS_USERID_PAPER")
    #expect(settings.credentials(for: .paper).password == "value of TWS_PASSWORD_PAPER")
    #expect(Set(settings.secrets) == Set(names.map { "value of \($0)" }))
  }

  @Test(arguments: Setting.table.filter(\.isSecret).map(\.name))
  func `a value and its file exclude each other`(name: String) {
    let (settings, problems) = parse([name: "direct", "\(name)_FILE": "/f"], files: ["/f": "from file"])
    #expect(problems.hasError(name))
    #expect(problems.about(name).count == 1)
    #expect(settings.secrets.isEmpty)
  }

  @Test(arguments: Setting.table.filter(\.isSecret).map(\.name))
  func `a file that cannot be read is named`(name: String) throws {
    let (_, problems) = parse(["\(name)_FILE": "/run/secrets/missing"])
    let problem = try #require(problems.first { $0.variable == "\(name)_FILE" })
    #expect(problem.severity == .error)
    #expect(problem.what.contains("/run/secrets/missing"))
    #expect(problems.about(name).isEmpty)
  }

  @Test(arguments: ["", "\n", "\n\n\n", "\r\n"])
  func `an empty file is no password`(text: String) {
    let (settings, problems) = parse(["TWS_USERID": "someone", "TWS_PASSWORD_FILE": "/f"], files: ["/f": text])
    #expect(problems.hasError("TWS_PASSWORD_FILE"))
    #expect(settings.credentials(for: .paper).password == nil)
  }

  @Test(
    arguments: [
      ("secret", "secret"), ("secret\n", "secret"), ("secret\n\n\n", "secret"), (" secret \n", " secret "),
      ("sec\tret\n", "sec\tret"), ("secret\r\n", "secret"), ("\u{FEFF}secret\r\n", "secret"), ("pa\\ss#\n", "pa\\ss#"),
    ])
  func `a file's trailing line ends are dropped and nothing else`(text: String, password: String) {
    let (settings, problems) = parse(["TWS_USERID": "someone", "TWS_PASSWORD_FILE": "/f"], files: ["/f": text])
    #expect(settings.credentials(for: .paper).password == password)
    #expect(!problems.containsError)
    #expect(problems.hasWarning("TWS_PASSWORD_FILE") == text.unicodeScalars.contains("\r"))
  }

  @Test(arguments: ["one\ntwo\n", "one\r\ntwo\r\n", "one\u{0}two"])
  func `a file with more than one line or a NUL is refused`(text: String) {
    let (settings, problems) = parse(["TWS_PASSWORD_FILE": "/f"], files: ["/f": text])
    #expect(problems.hasError("TWS_PASSWORD_FILE"))
    #expect(settings.credentials(for: .paper).password == nil)
  }

  @Test func `a login that nobody gave is a warning, and none with files of the user's own`() {
    #expect(parse([:]).problems.hasWarning("TWS_PASSWORD"))
    #expect(parse(["CUSTOM_CONFIG": "yes"]).problems.isEmpty)
    let both = parse(["TRADING_MODE": "both"].merging(login) { $1 }).problems
    #expect(Set(both.map(\.variable)) == ["TWS_USERID_PAPER", "TWS_PASSWORD_PAPER"])
  }

  /// The user names of live and paper by variable or by file: four mixtures, each with the spellings that are one user to IBKR.
  @Test(arguments: 0..<4, ["trader", "TRADER", " trader "])
  func `one user for both modes is refused, by variable or by file`(mixture: Int, spelling: String) throws {
    var environment = ["TRADING_MODE": "both", "TWS_PASSWORD": "correct horse", "TWS_PASSWORD_PAPER": "correct horse"]
    var files: [String: String] = [:]
    for (bit, (name, user)) in [("TWS_USERID", "trader"), ("TWS_USERID_PAPER", spelling)].enumerated() {
      environment[mixture & (1 << bit) == 0 ? name : "\(name)_FILE"] = mixture & (1 << bit) == 0 ? user : "/run/\(name)"
      files["/run/\(name)"] = "\(user)\n"
    }
    let (_, problems) = parse(environment, files: files)
    let problem = try #require(problems.about("TWS_USERID_PAPER").first { $0.severity == .error })
    #expect(problem.what.hasPrefix("is the same as TWS_USERID"))
    environment["TRADING_MODE"] = "live"
    #expect(!parse(environment, files: files).problems.containsError)
  }

  @Test func `paper credentials in one mode alone are pointed out`() throws {
    let (_, problems) = parse(["TWS_USERID_PAPER": "someone", "TWS_PASSWORD_PAPER": "correct horse"])
    let problem = try #require(problems.about("TWS_USERID").first)
    #expect(problem.what.contains("TRADING_MODE=both"))
  }

  @Test(
    arguments: [
      "\"in quotes\"", "'in quotes'", " leading", "trailing ", "abc", "myTwsPassword",
    ])
  func `a password that is probably not meant so is warned about and kept`(password: String) {
    let (settings, problems) = parse(["TWS_USERID": "someone", "TWS_PASSWORD": password])
    #expect(problems.map(\.variable) == ["TWS_PASSWORD"])
    #expect(!problems.containsError)
    #expect(settings.credentials(for: .paper).password == password)
  }

  @Test(arguments: ["#secret", "a__SKIP__", "__EMPTY__", "    "])
  func `a VNC password that x11vnc would not read is refused`(password: String) {
    #expect(parse(["VNC_SERVER_PASSWORD": password]).problems.hasError("VNC_SERVER_PASSWORD"))
  }

  @Test func `a long VNC password is said to be cut`() {
    #expect(parse(["VNC_SERVER_PASSWORD": "123456789"]).problems.hasWarning("VNC_SERVER_PASSWORD"))
    #expect(parse(["VNC_SERVER_PASSWORD": "12345678"]).problems.about("VNC_SERVER_PASSWORD").isEmpty)
  }

  @Test func `no problem ever quotes a secret`() {
    let sentinel = "Zq7-sentinel"
    let spoiled = [
      sentinel, "\"\(sentinel)\"", " \(sentinel)", "\(sentinel)\nx", "#\(sentinel)", "\(sentinel)\u{FFFD}",
      "\(sentinel)\\#\\\\",
    ]
    for setting in Setting.table.filter(\.isSecret) {
      for value in spoiled {
        for environment in [
          [setting.name: value], [setting.name: value, "\(setting.name)_FILE": "/f"], ["\(setting.name)_FILE": "/f"],
        ] {
          let (_, problems) = parse(environment, files: ["/f": value])
          for problem in problems { #expect(!problem.description.contains(sentinel)) }
        }
      }
    }
  }
}
