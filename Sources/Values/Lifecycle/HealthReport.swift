import Trading

/// Whether all is well, and if not, why: an entry for each thing that is not.
public struct HealthReport: Sendable, Hashable, Codable {
  /// One thing that is not well.
  public struct Cause: Sendable, Hashable, Codable {
    /// What it is about: a mode, or `ibgw`.
    public var about: String
    /// Its state.
    public var state: String
    /// Why, in words; may be empty.
    public var why: String

    /// A cause.
    public init(about: String, state: String, why: String) {
      self.about = about
      self.state = state
      self.why = why
    }
  }

  /// Whether all is well.
  public var ok: Bool
  /// Everything that is not.
  public var causes: [Cause]

  /// A report of these causes; all is well where there are none.
  public init(causes: [Cause]) {
    ok = causes.isEmpty
    self.causes = causes
  }
}

/// What health is asked for.
public enum HealthLevel: String, Sendable, Hashable, Codable, CaseIterable {
  /// The supervisor works. A gateway that waits for a person is no reason to end the container.
  case live
  /// Every gateway that was asked for serves, relay and probe are there, and the node is in its tailnet where there is one.
  case ready
}

extension Lifecycle {
  /// The health at a level, of one mode or of all.
  public func health(_ level: HealthLevel, mode: Mode? = nil) -> HealthReport {
    switch (level, phase) {
    case (.live, .running), (.live, .stopping): HealthReport(causes: [])
    case (.ready, .running):
      HealthReport(
        causes: gateways.filter { (mode == nil || $0.mode == mode) && $0.state != .serving }.map {
          HealthReport.Cause(about: $0.mode.rawValue, state: $0.state.rawValue, why: $0.why)
        } + missingParts + (mode == nil ? [tailnetCause].compactMap(\.self) : []))
    case (.ready, .stopping), (_, .ended):
      HealthReport(causes: [.init(about: "ibgw", state: phaseName, why: "the supervisor is ending everything")])
    }
  }

  /// Parts of ours that are stopped or given up on, and without which "serving" would be an empty word: no client reaches the gateway,
  /// or nobody sees how it is.
  private var missingParts: [HealthReport.Cause] {
    let parts: [(name: ServiceName, cost: String)] = [
      ("relay", "no client can connect"), ("probe", "nobody looks whether a gateway answers"),
    ]
    return parts.compactMap { name, cost in
      guard let record = record(name), [.stopped, .degraded].contains(record.state) else { return nil }
      let why = record.why.isEmpty ? "" : " (\(record.why))"
      return .init(about: name.text, state: record.state.rawValue, why: "\(cost)\(why); ibgw start \(name)")
    }
  }
}
