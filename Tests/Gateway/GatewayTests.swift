import Gateway
import Lifecycle
import Testing

@Suite struct IBCLineTests {
  @Test(arguments: [
    ("Starting Gateway with this command:", GatewayEvent.javaStarting),
    ("Starting TWS with this command:", .javaStarting),
    ("2026-11-21 07:45:28:123 IBC: Login attempt: 2", .loginAttempt(2)),
    ("2026-11-21 07:45:28:123 IBC: Second Factor Authentication initiated", .secondFactorAsked),
    ("2026-11-21 07:45:28:123 IBC: Login has completed", .loginCompleted),
    ("IBC returned exit status 87", .javaEnded(87)),
  ])
  func `IBC's lines about the login are understood`(line: String, expected: GatewayEvent) {
    #expect(IBCLine.event(in: line) == expected)
  }

  @Test(arguments: [
    "", "Login attempt: ", "IBC returned exit status x", "Login attempt: 99999999999999999999999999",
    "2026-11-21 07:45:28:123 IBC: Login has completed: exiting via [File, Close] menu",
    "2026-11-21 07:45:28:123 IBC: TradingMode: paper",
  ])
  func `lines that tell of no login tell nothing`(line: String) {
    #expect(IBCLine.event(in: line) == nil)
  }
}

@Suite struct IBCInvocationTests {
  private func invocation(_ change: (inout IBCInvocation) -> Void = { _ in }) -> IBCInvocation {
    var invocation = IBCInvocation(
      ibcPath: "/home/ibgateway/ibc", twsPath: "/home/ibgateway/Jts", version: "10.45.1a", program: .gateway,
      mode: .paper, iniPath: "/home/ibgateway/ibc/config.ini", settingsPath: "/home/ibgateway/Jts")
    change(&invocation)
    return invocation
  }

  @Test func `the gateway's command line is IBC's own, and the second factor's time-out ends the script`() {
    #expect(invocation().script == "/home/ibgateway/ibc/scripts/ibcstart.sh")
    #expect(
      invocation().arguments == [
        "10.45.1a", "-g", "--tws-path=/home/ibgateway/Jts", "--ibc-path=/home/ibgateway/ibc",
        "--ibc-ini=/home/ibgateway/ibc/config.ini", "--mode=paper", "--on2fatimeout=exit",
        "--tws-settings-path=/home/ibgateway/Jts",
      ])
  }

  @Test func `TWS is started without the gateway's flag`() {
    #expect(!invocation { $0.program = .tws }.arguments.contains("-g"))
  }
}
