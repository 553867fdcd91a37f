/// Fits the steps of every service's stop into the time that the whole stop has.
public enum StopBudget {
  /// The longest that the ordered stop of `plans` can take, in milliseconds: ranks one after another, each as long as its slowest.
  public static func longest(_ plans: [ServicePlan]) -> Int64 {
    Dictionary(grouping: plans, by: \.stopRank).values.reduce(0) { sum, rank in
      sum + (rank.map { plan in plan.stopSteps.reduce(0) { $0 + $1.patience } }.max() ?? 0)
    }
  }

  /// The same plans, every patience shortened in proportion where together they would not fit into `limit` milliseconds.
  static func fitted(_ plans: [ServicePlan], into limit: Int64) -> [ServicePlan] {
    let longest = longest(plans)
    guard longest > limit else { return plans }
    return plans.map { plan in
      var plan = plan
      for index in plan.stopSteps.indices {
        plan.stopSteps[index].patience = plan.stopSteps[index].patience * limit / longest
      }
      return plan
    }
  }
}
