import Testing

@testable import Lifecycle

@Suite struct StopBudgetTests {
  private func plan(_ name: ServiceName, rank: Int, _ patiences: [Int64]) -> ServicePlan {
    ServicePlan(
      name: name, stopRank: rank,
      stopSteps: patiences.enumerated().map { index, patience in
        StopStep(index == patiences.count - 1 ? .kill : .terminate, patience)
      })
  }

  @Test func `ranks add up, and each is as long as its slowest service`() {
    let plans = [plan("a", rank: 0, [3000, 1000]), plan("b", rank: 0, [500, 500]), plan("c", rank: 1, [2000])]
    #expect(StopBudget.longest(plans) == 6000)
    #expect(StopBudget.longest([]) == 0)
  }

  @Test func `what fits is left as it is`() {
    let plans = [plan("a", rank: 0, [3000, 1000]), plan("b", rank: 1, [2000])]
    #expect(StopBudget.fitted(plans, into: 6000) == plans)
  }

  @Test func `what does not fit is shortened in proportion`() {
    let plans = [plan("a", rank: 0, [3000, 1000]), plan("b", rank: 1, [2000])]
    let fitted = StopBudget.fitted(plans, into: 3000)
    #expect(fitted.map { $0.stopSteps.map(\.patience) } == [[1500, 500], [1000]])
    #expect(StopBudget.longest(fitted) == 3000)
  }

  @Test func `a gateway is shortened last, and keeps three quarters of a short stop`() {
    let gateway = ServicePlan(
      name: .gateway(.live), kind: .gateway(.live), stopRank: 1,
      stopSteps: [StopStep(.terminate, 6000), StopStep(.kill, 2000)])
    let others = [plan("relay", rank: 0, [3000, 1000]), plan("xvfb", rank: 2, [7000, 1000])]
    func patiences(_ limit: Int64) -> [[Int64]] {
      StopBudget.fitted(others + [gateway], into: limit).map { $0.stopSteps.map(\.patience) }
    }
    #expect(patiences(14_000) == [[1500, 500], [3500, 500], [6000, 2000]])
    #expect(patiences(8000) == [[500, 166], [1166, 166], [4500, 1500]])
  }

  @Test(arguments: [0, 1, 999, 8000, 45_000, 110_000] as [Int64])
  func `the image's services always fit`(limit: Int64) {
    #expect(StopBudget.longest(StopBudget.fitted(imagePlans([.live, .paper]), into: limit)) <= limit)
  }

  @Test func `a lifecycle stops by plans that fit`() {
    let stage = Stage(imagePlans([.paper]), stopTimeout: 9000)
    #expect(StopBudget.longest(stage.lifecycle.plans) <= 9000)
  }
}
