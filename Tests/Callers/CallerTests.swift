import Testing

@testable import Callers

struct CallerTests {
  private static let laptop = Caller.Peer(
    login: "alice@example.com", node: "laptop.tail1234.ts.net", address: "100.64.0.2")
  private static let bot = Caller.Peer(
    login: "tagged-devices", node: "worker.tail1234.ts.net", address: "100.64.0.3", tags: ["tag:bot", "tag:trading"])
  private static let shared = Caller.Peer(
    login: "mallory@elsewhere.org", node: "laptop.tail9999.ts.net", address: "100.64.0.9")
  private static let suffix = "tail1234.ts.net"

  @Test(
    "a rule names exactly whom it says",
    arguments: [
      ("alice@example.com", [true, false, false]), ("Alice@Example.COM", [true, false, false]),
      ("alice@example.co", [false, false, false]), ("lice@example.com", [false, false, false]),
      ("*@example.com", [true, false, false]), ("*@ample.com", [false, false, false]),
      ("*@elsewhere.org", [false, false, true]), ("tag:bot", [false, true, false]), ("tag:bo", [false, false, false]),
      ("TAG:Trading", [false, true, false]), ("laptop", [true, false, false]), ("lap", [false, false, false]),
      ("laptop.tail1234.ts.net", [true, false, false]), ("laptop.tail9999.ts.net", [false, false, true]),
      ("worker", [false, true, false]), ("tagged-devices", [false, false, false]),
    ] as [(String, [Bool])])
  func names(text: String, expected: [Bool]) throws {
    let rule = try #require(CallerRule(text))
    #expect([Self.laptop, Self.bot, Self.shared].map { rule.names($0, suffix: Self.suffix) } == expected)
  }

  @Test func `a node's short name names nobody while the own tailnet's is unknown`() throws {
    #expect(try !#require(CallerRule("laptop")).names(Self.laptop, suffix: nil))
    #expect(try #require(CallerRule("laptop.tail1234.ts.net")).names(Self.laptop, suffix: nil))
  }

  @Test func `a tagged node is nobody's, whatever its login name says`() throws {
    let odd = Caller.Peer(login: "alice@example.com", node: "x.t.ts.net", address: "100.64.0.4", tags: ["tag:bot"])
    #expect(try !#require(CallerRule("alice@example.com")).names(odd, suffix: nil))
    #expect(try !#require(CallerRule("*@example.com")).names(odd, suffix: nil))
  }

  @Test(arguments: [
    "", "*", "@", "@example.com", "alice@", "*@", "a@b@c", "tag:", "al*ce@example.com", "tag:a@b", "*@*.com", "a b",
    "\"x\"", "laptop.", ".laptop", "ålice", "group:traders/x",
  ])
  func `what is no rule is refused`(text: String) { #expect(CallerRule(text) == nil) }

  @Test func `a list has entries between commas, spaces and ends of line, and comments`() throws {
    let text = "alice@example.com, tag:bot # the desk\n\n# nobody else\n\tlaptop *@example.org\n"
    #expect(
      try CallerPolicy.rules(of: text) == [
        .user("alice@example.com"), .tag("tag:bot"), .node("laptop"), .domain("@example.org"),
      ])
    #expect(try CallerPolicy.rules(of: " # nobody\n").isEmpty)
    #expect(throws: CallerPolicy.NoRule(text: "tag:")) { try CallerPolicy.rules(of: "laptop\ntag: bot") }
  }

  @Test func `without a list the tailnet decides, and who is local needs its own leave`() {
    let open = CallerPolicy(admitsLocal: false)
    #expect(open.objection(to: .peer(Self.shared), suffix: nil) == nil)
    #expect(open.objection(to: .unknown, suffix: nil) == nil)
    #expect(open.objection(to: .local, suffix: nil) == .local)
    #expect(!open.wantsNames)
    #expect(CallerPolicy(admitsLocal: true).objection(to: .local, suffix: nil) == nil)
  }

  @Test func `with a list nobody gets in unnamed or unknown`() {
    let policy = CallerPolicy(rules: [.user("alice@example.com"), .tag("tag:bot")], admitsLocal: true)
    #expect(policy.wantsNames)
    #expect(policy.objection(to: .peer(Self.laptop), suffix: nil) == nil)
    #expect(policy.objection(to: .peer(Self.bot), suffix: nil) == nil)
    #expect(policy.objection(to: .peer(Self.shared), suffix: nil) == .notNamed)
    #expect(policy.objection(to: .unknown, suffix: nil) == .unknown)
    #expect(policy.objection(to: .local, suffix: nil) == nil)
  }

  @Test func `a caller is said by who and where`() {
    #expect(Caller.peer(Self.laptop).description == "alice@example.com on laptop")
    #expect(Caller.peer(Self.bot).description == "tag:bot tag:trading on worker")
    #expect(Caller.local.description == "local")
  }
}
