/// What has been traded since the beginning of time, as a pure function of it: a fixed volume for each topmost span, divided
/// again and again between a span's halves at a random ratio. So the volumes of adjoining bars add up exactly.
struct VolumeCascade: Sendable {
  private let noise: Noise
  private let topVolume: Int

  /// - Parameters:
  ///   - noise: where the randomness comes from.
  ///   - perDay: the mean volume of a day.
  ///   - stepsPerDay: how many steps of time a day has.
  init(noise: Noise, perDay: Int, stepsPerDay: Int) {
    self.noise = noise
    topVolume = perDay * ((1 << RandomPath.topLevel) / stepsPerDay)
  }

  /// The volume of all steps before `step`.
  func total(before step: Int) -> Int {
    var level = RandomPath.topLevel
    var index = step >> level
    var passed = index * topVolume
    var volume = topVolume
    while level > 0 {
      // From 3/8 to 5/8 goes to the first half.
      let ratio = 24_576 + Int(noise.bits(level, index) >> 50)
      let first = volume * ratio / 65_536
      level -= 1
      index *= 2
      if step < (index + 1) << level {
        volume = first
      } else {
        passed += first
        volume -= first
        index += 1
      }
    }
    return passed
  }
}
