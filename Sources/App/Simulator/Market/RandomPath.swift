/// A random walk that is a pure function of time: it can be asked for any place in any order and always tells the same.
///
/// It is built as Lévy built Brownian motion: the value in the middle of a span is the mean of both ends plus noise in
/// proportion to the square root of the span. The noise is bounded, so what a span can reach is bounded too, and its extremes
/// are found exactly without visiting every step.
struct RandomPath: Sendable {
  /// Steps of the topmost span as a power of two: with four steps per second, about four years.
  static let topLevel = 29

  private let noise: Noise
  /// How far the middle of a span of 2^level steps may lie from the mean of its ends.
  private let reach: [Double]
  /// How far any step within a span of 2^level steps may lie beyond the farther of its ends.
  private let bound: [Double]

  /// - Parameters:
  ///   - noise: where the randomness comes from.
  ///   - deviation: the standard deviation of one step.
  init(noise: Noise, deviation: Double) {
    self.noise = noise
    // A middle's variance is a quarter of its span's, and that of uniform noise a third of its reach squared.
    reach = (0...Self.topLevel + 1).map { deviation * (0.75 * Double(1 << $0)).squareRoot() }
    var sum = 0.0
    bound = reach.enumerated().map { level, reach in
      if level > 0 { sum += reach }
      return sum
    }
  }

  /// The walk's value after `step` steps.
  func value(at step: Int) -> Double {
    var level = Self.topLevel
    var index = step >> level
    var left = anchor(index)
    var right = anchor(index + 1)
    while level > 0 {
      let start = index << level
      if step == start { return left }
      let middle = middle(level, index, left, right)
      level -= 1
      index *= 2
      if step < start + (1 << level) {
        right = middle
      } else {
        left = middle
        index += 1
      }
    }
    return left
  }

  /// The lowest and the highest value from the first to the last step, both included.
  func extremes(_ steps: ClosedRange<Int>) -> (low: Double, high: Double) {
    var low = value(at: steps.lowerBound)
    var high = low
    for index in steps.lowerBound >> Self.topLevel...steps.upperBound >> Self.topLevel {
      let left = anchor(index)
      let right = anchor(index + 1)
      lower(Self.topLevel, index, left, right, steps, &low)
      raise(Self.topLevel, index, left, right, steps, &high)
    }
    return (low, high)
  }

  private func anchor(_ index: Int) -> Double {
    reach[Self.topLevel] * noise.symmetric(Self.topLevel + 1, index)
  }

  private func middle(_ level: Int, _ index: Int, _ left: Double, _ right: Double) -> Double {
    (left + right) / 2 + reach[level] * noise.symmetric(level, index)
  }

  private func raise(
    _ level: Int, _ index: Int, _ left: Double, _ right: Double, _ steps: ClosedRange<Int>, _ best: inout Double
  ) {
    let start = index << level
    let end = start + (1 << level)
    guard start <= steps.upperBound, end >= steps.lowerBound else { return }
    if steps.contains(start), left > best { best = left }
    if steps.contains(end), right > best { best = right }
    guard level > 0, max(left, right) + bound[level] > best else { return }
    let middle = middle(level, index, left, right)
    // The more promising half first: it makes the other one more often needless.
    if left > right {
      raise(level - 1, index * 2, left, middle, steps, &best)
      raise(level - 1, index * 2 + 1, middle, right, steps, &best)
    } else {
      raise(level - 1, index * 2 + 1, middle, right, steps, &best)
      raise(level - 1, index * 2, left, middle, steps, &best)
    }
  }

  private func lower(
    _ level: Int, _ index: Int, _ left: Double, _ right: Double, _ steps: ClosedRange<Int>, _ best: inout Double
  ) {
    let start = index << level
    let end = start + (1 << level)
    guard start <= steps.upperBound, end >= steps.lowerBound else { return }
    if steps.contains(start), left < best { best = left }
    if steps.contains(end), right < best { best = right }
    guard level > 0, min(left, right) - bound[level] < best else { return }
    let middle = middle(level, index, left, right)
    if left < right {
      lower(level - 1, index * 2, left, middle, steps, &best)
      lower(level - 1, index * 2 + 1, middle, right, steps, &best)
    } else {
      lower(level - 1, index * 2 + 1, middle, right, steps, &best)
      lower(level - 1, index * 2, left, middle, steps, &best)
    }
  }
}
