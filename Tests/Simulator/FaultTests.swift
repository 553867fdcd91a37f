import Testing

@testable import Simulator

@Suite struct FaultTests {
  @Test(arguments: [
    "mute", "stuck", "no-accounts", "link-lost", "login-delay=5", "close-new", "hang-new", "crash-after=0",
    "stop-reading", "stop-accepting",
  ])
  func `every fault is read as it is written`(text: String) throws {
    #expect(try Fault(text: text).text == text)
    #expect(try ControlCommand(line: "fault " + text) == .fault(Fault(text: text)))
  }

  @Test(arguments: [
    ("loud", Fault.ParseError.unknownName("loud")), ("", .unknownName("")), ("mute=1", .takesNoValue(.mute)),
    ("login-delay", .needsSeconds(.loginDelay)), ("login-delay=", .needsSeconds(.loginDelay)),
    ("login-delay=-1", .needsSeconds(.loginDelay)), ("crash-after=1.5", .needsSeconds(.crashAfter)),
    ("crash-after=86401", .needsSeconds(.crashAfter)),
  ])
  func `what is no fault is refused with the fix`(text: String, error: Fault.ParseError) {
    #expect(throws: error) { try Fault(text: text) }
    #expect(error.description.contains(";"))
  }

  @Test func `commands are read`() throws {
    #expect(try ControlCommand(line: "heal all") == .healAll)
    #expect(try ControlCommand(line: " heal  link-lost ") == .heal(.linkLost))
    #expect(try ControlCommand(line: "status") == .status)
    #expect(try ControlCommand(line: "restart 3") == .restart(seconds: 3))
  }

  @Test(arguments: ["", "fault", "heal", "heal nothing", "restart", "restart soon", "restart -1", "status now", "STOP"])
  func `other lines are refused`(line: String) {
    #expect(throws: ControlCommand.ParseError.self) { try ControlCommand(line: line) }
  }
}
