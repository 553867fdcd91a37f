import Testing

@testable import Settings

@Suite struct TailnetTests {
  private func plan(
    _ environment: [String: String] = [:], on machine: TailnetPlan.Machine = .init()
  ) -> TailnetPlan {
    TailnetPlan(parse(environment.merging(login) { $1 }).settings, machine: machine)
  }

  @Test func `auto is off until there is a key or a node's state`() {
    #expect(plan().mode == .off)
    #expect(plan().note?.contains("RELAY_ALLOW alone") == true)
    #expect(plan(["TAILSCALE_AUTHKEY": "tskey-auth-abc"]).mode == .embedded)
    #expect(plan(on: .init(hasState: true)).mode == .embedded)
    #expect(plan(on: .init(hasState: true)).note == nil)
  }

  @Test(arguments: [("embedded", TailnetPlan.Mode.embedded), ("sidecar", .sidecar), ("off", .off)])
  func `a mode that was written holds, whatever else is there`(text: String, mode: TailnetPlan.Mode) {
    let wishes = ["TAILSCALE_MODE": text, "TAILSCALE_AUTHKEY": "tskey-auth-abc"]
    #expect(plan(wishes, on: .init(hasState: true)).mode == mode)
    #expect(plan(["TAILSCALE_MODE": text]).mode == mode)
  }

  @Test(
    arguments: [
      ("auto", true, true, TailnetPlan.Tun.kernel), ("auto", true, false, .userspace),
      ("auto", false, true, .userspace),
      ("userspace", true, true, .userspace), ("kernel", true, true, .kernel),
    ])
  func `the kernel carries the tailnet where it can`(
    text: String, device: Bool, capability: Bool, tun: TailnetPlan.Tun
  ) {
    let plan = plan(
      ["TAILSCALE_MODE": "embedded", "TAILSCALE_TUN": text],
      on: .init(hasTunDevice: device, hasNetAdmin: capability))
    #expect(plan.tun == tun && plan.problems.isEmpty)
  }

  @Test func `a kernel tun that cannot be had is an error that names what is missing`() {
    let wishes = ["TAILSCALE_MODE": "embedded", "TAILSCALE_TUN": "kernel"]
    #expect(plan(wishes).problems.first?.what.contains("/dev/net/tun") == true)
    #expect(plan(wishes, on: .init(hasTunDevice: true)).problems.first?.what.contains("NET_ADMIN") == true)
    #expect(plan(wishes).problems.containsError)
  }

  @Test func `what cannot be written is in the run directory, and said`() {
    let plan = plan(["TAILSCALE_MODE": "embedded"], on: .init(canKeepState: false, canPlaceSocket: false))
    #expect(plan.socket == "/run/ibgw/tailscaled.sock" && plan.stateDirectory == "/run/ibgw/tailscale")
    #expect(plan.problems.map(\.variable).sorted() == ["TAILSCALE_SOCKET", "TAILSCALE_STATE_DIR"])
    #expect(!plan.problems.containsError)
    #expect(plan.problems[0].fix.contains("tailscale --socket=/run/ibgw/tailscaled.sock"))
  }

  @Test func `the node is named as asked, else as the container, and a sidecar keeps its name`() {
    #expect(plan(["TAILSCALE_MODE": "embedded"], on: .init(hostname: "a1b2")).hostname == "a1b2")
    #expect(plan(["TAILSCALE_MODE": "embedded", "TS_HOSTNAME": "ib"], on: .init(hostname: "a1b2")).hostname == "ib")
    #expect(plan(["TAILSCALE_MODE": "sidecar"]).hostname == nil)
  }

  // MARK: The names of Tailscale's own container

  @Test func `the names of Tailscale's own container are understood`() {
    let (settings, problems) = parse(
      login.merging([
        "TS_AUTHKEY": "tskey-auth-abc", "TS_HOSTNAME": "ib", "TS_EXTRA_ARGS": "--accept-routes --hostname='a b'",
        "TS_STATE_DIR": "/state", "TS_SOCKET": "/tmp/t.sock", "TS_USERSPACE": "false", "TS_SERVE_CONFIG": "/serve.json",
      ]) { $1 })
    #expect(problems == [])
    let tailscale = settings.tailscale
    #expect(tailscale.authKey == "tskey-auth-abc" && tailscale.hostname == "ib" && tailscale.tun == .kernel)
    #expect(tailscale.extraArguments == ["--accept-routes", "--hostname=a b"])
    #expect(tailscale.stateDirectory == "/state" && tailscale.socket == "/tmp/t.sock")
    #expect(tailscale.serveConfig == "/serve.json" && settings.isGiven("TAILSCALE_AUTHKEY"))
  }

  @Test func `a key under its other name is a secret too`() {
    let settings = parse(["TS_AUTHKEY": "tskey-auth-abc"]).settings
    #expect(settings.secrets.contains("tskey-auth-abc"))
    #expect(settings.openEnvironment["TS_AUTHKEY"] == nil)
  }

  @Test func `a key may come from a file under either name, which is remembered`() {
    let files = ["/run/secrets/key": "tskey-auth-abc\n"]
    for name in ["TAILSCALE_AUTHKEY_FILE", "TS_AUTHKEY_FILE"] {
      let (settings, problems) = parse(login.merging([name: "/run/secrets/key"]) { $1 }, files: files)
      #expect(problems == [] && settings.tailscale.authKey == "tskey-auth-abc")
      #expect(settings.authKeyFile == "/run/secrets/key")
    }
  }

  @Test(
    arguments: [
      (["TAILSCALE_HOSTNAME": "a", "TS_HOSTNAME": "b"], "TAILSCALE_HOSTNAME"),
      (["TAILSCALE_TUN": "userspace", "TS_USERSPACE": "0"], "TAILSCALE_TUN"),
      (["TAILSCALE_AUTHKEY": "tskey-one", "TS_AUTHKEY_FILE": "/key"], "TAILSCALE_AUTHKEY"),
    ])
  func `two names that differ are an error without the values`(environment: [String: String], variable: String) {
    let problems = parse(environment.merging(login) { $1 }, files: ["/key": "tskey-two"]).problems
    #expect(problems.hasError(variable))
    #expect(!problems.contains { $0.description.contains("tskey-") })
  }

  @Test(
    arguments: [
      ["TAILSCALE_HOSTNAME": "a", "TS_HOSTNAME": "a"], ["TAILSCALE_TUN": "userspace", "TS_USERSPACE": "true"],
    ])
  func `two names that agree are fine`(environment: [String: String]) {
    #expect(parse(environment.merging(login) { $1 }).problems == [])
  }

  @Test func `a wrong value is said with the name that has it`() {
    #expect(parse(["TS_USERSPACE": "maybe"]).problems.hasError("TS_USERSPACE"))
  }

  // MARK: What does not go together

  @Test func `an OAuth client's secret needs tags`() {
    let key = ["TAILSCALE_AUTHKEY": "tskey-client-abc"]
    #expect(parse(key).problems.hasError("TAILSCALE_TAGS"))
    #expect(!parse(key.merging(["TAILSCALE_TAGS": "tag:ib"]) { $1 }).problems.containsError)
    #expect(!parse(key.merging(["TS_EXTRA_ARGS": "--advertise-tags=tag:ib"]) { $1 }).problems.containsError)
  }

  @Test func `a key on the command line, a key for nobody and a key that names a file are said`() {
    #expect(parse(["TAILSCALE_EXTRA_ARGS": "--authkey=tskey-x"]).problems.hasError("TAILSCALE_EXTRA_ARGS"))
    #expect(
      parse(["TAILSCALE_MODE": "off", "TAILSCALE_AUTHKEY": "tskey-auth-x"]).problems.hasWarning("TAILSCALE_AUTHKEY"))
    #expect(parse(["TAILSCALE_AUTHKEY": "file:/run/secrets/key"]).problems.hasError("TAILSCALE_AUTHKEY"))
    #expect(parse(["TAILSCALE_EPHEMERAL": "yes"]).problems.hasWarning("TAILSCALE_EPHEMERAL"))
  }

  @Test(
    arguments: [
      ("a  b\tc", ["a", "b", "c"]), ("--x='a b' \"c d\"", ["--x=a b", "c d"]), ("a\\ b ''", ["a b", ""]),
      ("\"a\\\"b\\n\"", ["a\"b\\n"]), ("", []),
    ] as [(String, [String])])
  func `arguments are split as a shell would`(text: String, words: [String]) {
    #expect(ShellWords.split(text) == words)
  }

  @Test(arguments: ["'a", "\"a", "a\\"]) func `an open quotation is refused`(text: String) {
    #expect(ShellWords.split(text) == nil)
    #expect(parse(["TAILSCALE_EXTRA_ARGS": text]).problems.hasError("TAILSCALE_EXTRA_ARGS"))
  }
}
