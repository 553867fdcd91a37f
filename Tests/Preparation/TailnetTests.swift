import Files
import Settings
import Testing

@testable import Preparation

@Suite struct TailnetTests {
  private let image: ImageLayout

  init() throws { image = try ImageLayout() }

  private func plan(_ more: [String: String] = [:]) -> TailnetPlan {
    Preparation.tailnet(image.settings(more), proc: image.path("proc"), tunDevice: "/dev/null")
  }

  @Test(arguments: [("00000000a80425fb", TailnetPlan.Tun.userspace), ("0000000000001000", .kernel)])
  func `the effective capabilities decide, not what was asked of Docker`(mask: String, tun: TailnetPlan.Tun) throws {
    try image.file("proc/self/status", "Name:\tibgw\nCapPrm:\tffffffffffffffff\nCapEff:\t\(mask)\n")
    #expect(plan(["TAILSCALE_MODE": "embedded"]).tun == tun)
  }

  @Test func `a node's state is found, and the container's name is the node's`() throws {
    #expect(plan().mode == .off)
    try image.file("state/tailscaled.state", "{}")
    try image.file("proc/sys/kernel/hostname", "IB_Gateway-1.local\n")
    #expect(plan().mode == .embedded && plan().hostname == "ibgateway-1")
  }

  @Test func `the state's directory is made for this user alone`() throws {
    let prepared = try Preparation.write(image.settings(["TAILSCALE_MODE": "embedded"]))
    #expect(FileSystem.permissions(of: image.path("state")) == 0o700)
    #expect(prepared.tailnet.stateDirectory == image.path("state"))
  }

  @Test func `without a tailnet no directory is made`() throws {
    _ = try Preparation.write(image.settings(["TAILSCALE_MODE": "off"]))
    #expect(FileSystem.kind(of: image.path("state")) == nil)
  }
}
