import Gateway
import Lifecycle
import Testing

@Suite struct IBCLineTests {
  @Test(arguments: [
    ("Starting Gateway with this command:", GatewayEvent.javaStarting),
    ("Starting TWS with this command:", .javaStarting),
    ("2026-11-21 07:45:28:123 IBC: Login attempt: 2", .loginAttempt(2)),
    ("2026-11-21 07:45:28:123 IBC: Second Factor Authentication initiated", .secondFactorAsked),
    ("2026-11-21 07:45:31:123 IBC: Duration since login: 3 seconds", .secondFactorClosed),
    ("2026-11-21 07:45:28:123 IBC: Login has completed", .loginCompleted),
    ("IBC returned exit status 87", .javaEnded(87)),
    (
      "x IBC: detected frame entitled: DU1234567 IBKR Gateway (Simulated Trading); event=Opened",
      .mainWindow(isPaper: true)
    ),
    ("x IBC: detected frame entitled: U1234567 IBKR Gateway; event=Activated", .mainWindow(isPaper: false)),
    ("x IBC: detected frame entitled: DU1234567 Trader Workstation; event=Opened", .mainWindow(isPaper: true)),
    ("x IBC: Login failed", .loginFailed("the login failed")),
    (
      "x IBC: Too many failed login attempts. Please wait 4 minutes & 47 seconds before attempting to re-login again.",
      .tooManyFailures(wait: 287)
    ),
    ("x IBC: Too many failed login attempts. Please wait 53 seconds before", .tooManyFailures(wait: 53)),
    ("x IBC: Too many failed login attempts.", .tooManyFailures(wait: nil)),
  ])
  func `IBC's lines about the login are understood`(line: String, expected: GatewayEvent) {
    #expect(IBCLine.event(in: line) == expected)
  }

  @Test(arguments: [
    "", "Login attempt: ", "IBC returned exit status x", "Login attempt: 99999999999999999999999999",
    "2026-11-21 07:45:28:123 IBC: Login has completed: exiting via [File, Close] menu",
    "2026-11-21 07:45:28:123 IBC: TradingMode: paper", "x IBC: detected frame entitled: IBKR Gateway; event=Opened",
    "x IBC: detected frame entitled: Starting application...; event=Closed",
  ])
  func `lines that tell of no login tell nothing`(line: String) {
    #expect(IBCLine.event(in: line) == nil)
  }
}

@Suite struct AccountMaskTests {
  @Test(arguments: [
    ("frame entitled: DU1234567 IBKR Gateway", "frame entitled: DU***567 IBKR Gateway"),
    ("accounts U7654321,F123456;x", "accounts U***321,F***456;x"),
    (
      "U12 UU1234567 XDU1234567 u1234567 U1234567890",
      "U12 UU1234567 XDU1234567 u1234567 U1234567890"
    ), ("", ""), ("no account: über 12345", "no account: über 12345"),
  ])
  func `account numbers are hidden and nothing else is touched`(line: String, expected: String) {
    #expect(String(decoding: AccountMask.masked(Array(line.utf8)), as: UTF8.self) == expected)
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
