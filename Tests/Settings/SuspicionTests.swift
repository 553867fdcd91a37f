import Testing

@testable import Settings

@Suite struct SuspicionTests {
  @Test(
    arguments: [
      ("TWS_PASWORD", "TWS_PASSWORD"), ("TWS_USERDI", "TWS_USERID"), ("TRADNG_MODE", "TRADING_MODE"),
      ("TWS_PASSWORD_FIEL", "TWS_PASSWORD_FILE"), ("VNC_SERVER_PASWORD", "VNC_SERVER_PASSWORD"),
      ("TIMEZONE", "TIME_ZONE"), ("TWOFA_TIMOUT_ACTION", "TWOFA_TIMEOUT_ACTION"), ("tws_password", "TWS_PASSWORD"),
      ("TAILSCALE_AUTH_KEY", "TAILSCALE_AUTHKEY"), ("READONLY_API", "READ_ONLY_API"),
    ])
  func `a misspelled variable is answered with what may be meant`(name: String, meant: String) throws {
    let problem = try #require(parse([name: "x"]).problems.about(name).first)
    #expect(problem.severity == .warning)
    #expect(problem.fix.contains(meant))
  }

  @Test(
    arguments: [
      "PATH", "PWD", "SHLVL", "HOSTNAME", "LANG", "TERM", "JAVA_HOME", "USER", "LOGNAME", "SHELL", "LC_ALL", "EDITOR",
      "OLDPWD", "MAIL", "DEBIAN_FRONTEND", "SCRIPT_PATH", "IBC_VERSION", "IB_GATEWAY_RELEASE_CHANNEL", "NO_AT_BRIDGE",
      "SSH_AUTH_SOCK", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "XDG_RUNTIME_DIR", "KUBERNETES_SERVICE_HOST",
      "HTTP_PROXY", "MY_VARIABLE", "PASSWORD",
    ])
  func `a variable of somebody else is left alone`(name: String) {
    #expect(parse([name: "x"].merging(login) { $1 }).problems.isEmpty)
  }

  @Test func `a misspelled variable without a value is left alone`() {
    #expect(parse(["TWS_PASWORD": ""].merging(login) { $1 }).problems.isEmpty)
  }

  @Test(arguments: ["TRADING_MODE_FILE", "TIME_ZONE_FILE"])
  func `a file for what is no secret is said to have no effect`(name: String) {
    #expect(parse([name: "/x"]).problems.hasWarning(name))
  }

  @Test(arguments: Removed.advice.keys.sorted())
  func `a removed variable that is set is named with what to use instead`(name: String) throws {
    let problem = try #require(parse([name: "yes"]).problems.about(name).first)
    #expect(problem.severity == .warning)
    #expect(!problem.fix.isEmpty)
    #expect(parse([name: ""]).problems.about(name).isEmpty)
  }

  @Test(
    arguments: [
      ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("abc", "abcd", 1), ("abc", "acb", 1),
      ("abcd", "badc", 2), ("", "ab", 2), ("abc", "xyz", 3), ("kitten", "sitting", 3),
    ])
  func `edits are counted, a swap of neighbours as one`(left: String, right: String, count: Int) {
    #expect(Misspelling.distance(Array(left.utf8), Array(right.utf8)) == count)
    #expect(Misspelling.distance(Array(right.utf8), Array(left.utf8)) == count)
  }
}
