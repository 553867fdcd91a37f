/// Fits the steps of every service's stop into the time that the whole stop has.
public enum StopBudget {
  /// The longest that the ordered stop of `plans` can take, in milliseconds: ranks one after another, each as long as its slowest.
  public static func longest(_ plans: [ServicePlan]) -> Int64 {
    Dictionary(grouping: plans, by: \.stopRank).values.reduce(0) { sum, rank in
      sum + (rank.map { plan in plan.stopSteps.reduce(0) { $0 + $1.patience } }.max() ?? 0)
    }
  }

  /// The same plans, shortened where together they would not fit into `limit` milliseconds: everything else first, down to a
  /// quarter of the whole, and only then the gateways. A display or a proxy that hangs is killed without a loss; a gateway that is
  /// killed has its next login ask for a second factor.
  static func fitted(_ plans: [ServicePlan], into limit: Int64) -> [ServicePlan] {
    guard longest(plans) > limit else { return plans }
    let forGateways = longest(plans.filter { $0.mode != nil })
    let forOthers = longest(plans.filter { $0.mode == nil })
    let left = min(forOthers, max(limit - forGateways, limit / 4))
    return plans.map { plan in
      plan.mode == nil ? shortened(plan, by: left, of: forOthers) : shortened(plan, by: limit - left, of: forGateways)
    }
  }

  private static func shortened(_ plan: ServicePlan, by share: Int64, of whole: Int64) -> ServicePlan {
    guard share < whole else { return plan }
    var plan = plan
    for index in plan.stopSteps.indices {
      plan.stopSteps[index].patience = plan.stopSteps[index].patience * share / whole
    }
    return plan
  }
}
