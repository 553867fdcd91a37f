import Files
import Glibc
import Settings
import Testing

@testable import Preparation

@Suite struct CheckTests {
  private let image: ImageLayout

  init() throws { image = try ImageLayout() }

  @Test(arguments: ["live", "paper", "both"])
  func `an image as it should be has no problem`(mode: String) {
    let more = [
      "TRADING_MODE": mode, "VNC_SERVER_PASSWORD": "12345678", "TAILSCALE_AUTHKEY": "tskey-auth-x",
      "TWS_USERID_PAPER": "other", "TWS_PASSWORD_PAPER": "battery staple", "JAVA_HEAP_SIZE": "256",
    ]
    #expect(image.check(more) == [])
  }

  @Test func `the layout of the TWS image has no problem either`() throws {
    try FileSystem.remove(image.path("bin/Xvfb"))
    #expect(image.check(["GATEWAY_OR_TWS": "tws"]) == [])
  }

  @Test func `TWS may be installed in its own place`() throws {
    try image.file("tws/10.45.1j/jars/x.jar")
    try image.file("tws/10.45.1j/tws.vmoptions", "-Xmx768m\n")
    #expect(image.check(["GATEWAY_OR_TWS": "tws", "TWS_PATH": image.path("tws")]) == [])
  }

  /// What is done to the image, and the variable that the error has to be about.
  enum Damage: String, CaseIterable {
    case noProgram, noVersion, noOptions, noScript, scriptNotExecutable, noJar, noXvfb, noBash, jtsDirectory,
      settingsFile, iniDirectory, templateDirectory, noHome, runFile
  }

  @Test(
    arguments: zip(
      Damage.allCases,
      [
        "TWS_PATH", "IB_GATEWAY_VERSION", "TWS_PATH", "IBC_PATH", "IBC_PATH", "IBC_PATH", "DISPLAY", "IBC_PATH",
        "TWS_PATH",
        "TWS_SETTINGS_PATH", "IBC_INI", "IBC_INI_TMPL", "TWS_PATH", "IBGW_RUN_DIR",
      ]))
  func `damage is one error about the variable that leads there`(damage: Damage, variable: String) throws {
    var more: [String: String] = [:]
    switch damage {
    case .noProgram: more["TWS_PATH"] = image.path("elsewhere")
    case .noVersion: more["IB_GATEWAY_VERSION"] = "10.99.9z"
    case .noOptions: try FileSystem.remove(image.path("home/Jts/ibgateway/10.45.1j/ibgateway.vmoptions"))
    case .noScript: try FileSystem.remove(image.path("home/ibc/scripts/ibcstart.sh"))
    case .scriptNotExecutable: try image.file("home/ibc/scripts/ibcstart.sh", mode: 0o644)
    case .noJar: try FileSystem.remove(image.path("home/ibc/IBC.jar"))
    case .noXvfb: try FileSystem.remove(image.path("bin/Xvfb"))
    case .noBash: try FileSystem.remove(image.path("bin/bash"))
    case .jtsDirectory: try FileSystem.createDirectory(image.path("home/Jts/jts.ini"))
    case .settingsFile:
      try image.file("settings")
      more["TWS_SETTINGS_PATH"] = image.path("settings")
    case .iniDirectory: try FileSystem.createDirectory(image.path("home/ibc/config.ini"))
    case .templateDirectory:
      try FileSystem.remove(image.path("home/ibc/config.ini.tmpl"))
      try FileSystem.createDirectory(image.path("home/ibc/config.ini.tmpl"))
    case .noHome: more["TWS_PATH"] = "/proc/nowhere"
    case .runFile: try image.file("run")
    }
    let errors = image.check(more).filter { $0.severity == .error }
    #expect(errors.contains { $0.variable == variable }, "\(errors)")
    if damage != .noHome { #expect(errors.count == 1, "\(errors)") }
    for error in errors { #expect(!error.fix.isEmpty) }
  }

  @Test func `a version that is not installed is answered with those that are`() throws {
    try image.file("home/Jts/ibgateway/10.50.1d/jars/x.jar")
    let problem = try #require(image.check(["TWS_MAJOR_VRSN": "10.99"]).first)
    #expect(problem.variable == "TWS_MAJOR_VRSN")
    #expect(problem.fix.contains("10.45.1j, 10.50.1d"))
    let unset = try #require(image.check(["IB_GATEWAY_VERSION": ""]).first)
    #expect(unset.variable == "TWS_MAJOR_VRSN")
    #expect(unset.severity == .error)
  }

  @Test(arguments: ["a b", "a*", "a?b", "a[b"])
  func `a path that IBC's start script does not quote is refused`(name: String) throws {
    let more = ["TWS_SETTINGS_PATH": image.path(name)]
    #expect(image.check(more).contains { $0.variable == "TWS_SETTINGS_PATH" && $0.severity == .error })
  }

  @Test(
    arguments: [
      ("caddy", "ENABLE_HEALTH_CHECK"), ("x11vnc", "VNC_SERVER_PASSWORD"), ("tailscaled", "TAILSCALE_AUTHKEY"),
    ])
  func `a service that is not installed is a warning where it is wanted`(program: String, variable: String) throws {
    try FileSystem.remove(image.path("bin/\(program)"))
    let wanted = image.check(["VNC_SERVER_PASSWORD": "12345678", "TAILSCALE_AUTHKEY": "tskey-auth-x"])
    #expect(wanted.map(\.variable) == [variable])
    #expect(!wanted.containsError)
    #expect(image.check(["ENABLE_HEALTH_CHECK": "no"]) == [])
  }

  @Test func `a stand-in for the program needs neither it nor IBC`() {
    let settings = image.settings(["TWS_PATH": image.path("new/Jts"), "IBC_PATH": image.path("new/ibc")])
    let problems = Preparation.check(
      settings, installation: false, proc: image.path("proc"), zones: image.path("zoneinfo"))
    #expect(!problems.containsError)
  }

  @Test func `a user's own config.ini has to be there in each mode`() throws {
    let more = ["CUSTOM_CONFIG": "yes", "TRADING_MODE": "both"]
    #expect(image.check(more).filter { $0.variable == "CUSTOM_CONFIG" }.count == 2)
    try image.file("home/ibc/config.ini_live", "IbLoginId=x\n")
    try image.file("home/ibc/config.ini_paper", "IbLoginId=x\n")
    #expect(image.check(more) == [])
  }

  @Test func `an unknown name in a template is a warning with its line`() throws {
    try image.file("home/ibc/config.ini.tmpl", "IbLoginId=${TWS_USERID}\n\nX=$NOBODY ${MY_OWN}\n")
    let problems = image.check(["MY_OWN": "x", "TRADING_MODE": "both"])
    #expect(problems.count == 1)
    #expect(problems.first?.variable == "IBC_INI_TMPL")
    #expect(problems.first?.what.contains("line 3 has ${NOBODY}") == true)
  }

  @Test func `a template that was named and is missing is a warning`() {
    let problems = image.check(["IBC_INI_TMPL": image.path("missing.tmpl")])
    #expect(problems.map(\.variable) == ["IBC_INI_TMPL"])
    #expect(!problems.containsError)
  }

  @Test func `a line break that only a template would meet is an error`() throws {
    try image.file("home/ibc/config.ini.tmpl", "a=b\nX=${MY_OWN}\n")
    let problems = image.check(["MY_OWN": "one\ntwo"])
    #expect(problems.map(\.variable) == ["MY_OWN"])
    #expect(problems.containsError)
  }

  @Test(arguments: ["TWS_PASSWORD", "TWS_USERID", "TWS_PASSWORD_PAPER", "TWOFA_DEVICE"])
  func `a value that was escaped by hand is a warning that does not quote it`(variable: String) throws {
    let both = ["TRADING_MODE": "both", "TWS_USERID_PAPER": "other", "TWS_PASSWORD_PAPER": "battery staple"]
    let problems = image.check(both.merging([variable: "zig\\\\zag"]) { $1 })
    #expect(problems.map(\.variable) == [variable])
    #expect(!problems.containsError)
    #expect(problems.allSatisfy { !$0.description.contains("zig") })
  }

  @Test func `a jts.ini with another time zone is pointed out`() throws {
    try image.file("home/Jts/jts.ini", "[Logon]\r\nLocale=en\r\nTimeZone=Etc/UTC\r\n")
    let problems = image.check(["TIME_ZONE": "Europe/Zurich"])
    #expect(problems.map(\.variable) == ["TIME_ZONE"])
    #expect(problems.first?.what.contains("Etc/UTC") == true)
    #expect(image.check(["TIME_ZONE": "Etc/UTC"]) == [])
    #expect(image.check() == [])
  }

  @Test func `a time zone that the machine does not know is an error, and no database a warning`() {
    #expect(image.check(["TIME_ZONE": "Europe/Zurih"]).map(\.variable) == ["TIME_ZONE"])
    #expect(image.check(["TIME_ZONE": "Europe/Zurih"]).containsError)
    #expect(image.check(["TIME_ZONE": "Europe"]).containsError)
    #expect(image.check(["TZ": "Mars/Olympus"]).map(\.severity) == [.warning])
    let settings = image.settings(["TIME_ZONE": "Europe/Zurih"])
    let problems = Preparation.check(settings, proc: image.path("proc"), zones: image.path("nowhere"))
    #expect(problems.map(\.severity) == [.warning])
  }

  @Test func `a heap above the memory is a warning`() throws {
    try image.file("proc/meminfo", "MemTotal:        1024000 kB\nMemFree: 1 kB\n")
    #expect(image.check(["JAVA_HEAP_SIZE": "1000"]).map(\.variable) == ["JAVA_HEAP_SIZE"])
    #expect(image.check(["JAVA_HEAP_SIZE": "700"]) == [])
    let both = ["TRADING_MODE": "both", "TWS_USERID_PAPER": "other", "TWS_PASSWORD_PAPER": "battery staple"]
    #expect(image.check(both.merging(["JAVA_HEAP_SIZE": "700"]) { $1 }).map(\.variable) == ["JAVA_HEAP_SIZE"])
  }

  @Test func `the least of the machine's memory and the container's limits counts`() throws {
    try image.file("proc/meminfo", "MemTotal:        4096000 kB\n")
    #expect(Memory.megabytes(proc: image.path("proc"), cgroup: image.path("cgroup")) == 4000)
    try image.file("cgroup/memory.max", "max\n")
    #expect(Memory.megabytes(proc: image.path("proc"), cgroup: image.path("cgroup")) == 4000)
    try image.file("cgroup/memory.max", "1073741824\n")
    #expect(Memory.megabytes(proc: image.path("proc"), cgroup: image.path("cgroup")) == 1024)
    #expect(Memory.megabytes(proc: image.path("none"), cgroup: image.path("none")) == nil)
  }

  @Test func `scripts that would not run are a warning`() throws {
    #expect(image.check(["X_SCRIPTS": "init/x"]).map(\.variable) == ["X_SCRIPTS"])
    try FileSystem.createDirectory(image.path("home/init/x"))
    #expect(image.check(["X_SCRIPTS": "init/x"]).map(\.variable) == ["X_SCRIPTS"])
    try image.file("home/init/x/10-first.sh")
    #expect(image.check(["X_SCRIPTS": "init/x"]) == [])
  }

  @Test func `an access log of the health site that cannot be written is said, and rendered to nowhere`() throws {
    func caddyfile() throws -> String {
      let files = try Preparation.render(image.settings(), masked: false)
      let file = try #require(files.first { $0.title == "Caddyfile" })
      return String(decoding: file.bytes, as: UTF8.self)
    }
    #expect(try caddyfile().contains("output file \"\(image.path("log"))/http.log\" {"))
    try FileSystem.createDirectory(image.path("log/http.log"))
    #expect(image.check().map(\.variable) == ["CADDY_LOG_DIR"])
    #expect(image.check(["ENABLE_HEALTH_CHECK": "no"]) == [])
    #expect(try caddyfile().contains("\t\toutput discard\n"))
  }

  @Test(arguments: [
    ("#!/bin/sh\necho \"Error: $3:7: no such directive\"; exit 1\n", "line 7: no such directive"),
    ("#!/bin/sh\necho one; echo two; exit 1\n", "two"), ("#!/bin/sh\nexit 9\n", "exit code 9"),
    ("no program", "cannot start"),
  ])
  func `what Caddy says of the Caddyfile is a warning`(caddy: String, said: String) throws {
    try image.file("bin/caddy", caddy, mode: 0o755)
    let problems = Preparation.checkCaddyfile(image.settings())
    #expect(problems.map(\.variable) == ["CADDYFILE_TMPL"])
    #expect(!problems.containsError && problems.first?.what.contains(said) == true)
  }

  @Test func `Caddy is asked about the file without its log, and only where it is there and wanted`() throws {
    let seen = image.path("seen")
    try image.file(
      "bin/caddy", "#!/bin/sh\nread -r x <\"$3\"; while read -r l; do echo \"$l\"; done <\"$3\" >\(seen)\n", mode: 0o755
    )
    #expect(Preparation.checkCaddyfile(image.settings()) == [])
    #expect(try image.text("seen").contains("output discard"))
    #expect(Preparation.checkCaddyfile(image.settings(["ENABLE_HEALTH_CHECK": "no"])) == [])
    try FileSystem.remove(image.path("bin/caddy"))
    #expect(Preparation.checkCaddyfile(image.settings()) == [])
  }

  @Test func `a run directory too long for a socket is refused`() {
    let long = image.path(String(repeating: "x", count: 90))
    #expect(image.check(["IBGW_RUN_DIR": long]).map(\.variable) == ["IBGW_RUN_DIR"])
  }

  @Test func `a log directory that cannot be made costs the access log alone`() throws {
    try image.file("log")
    let problems = image.check()
    #expect(problems.map(\.variable) == ["CADDY_LOG_DIR"])
    #expect(!problems.containsError)
  }
}
