/// Numbers as both text formats have them.
enum Number {
  /// A sample's value: whole numbers without a fraction.
  static func value(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value.rounded(.towardZero) == value, value.magnitude < 0x1p53 { return "\(Int64(value))" }
    return "\(value)"
  }

  /// A bucket's upper bound in the one form that OpenMetrics calls canonical ("Canonical Numbers"), so that the same bound is always
  /// the same label: `0.0005`, `1.0`, `604800.0`, `1e+06`, `1e-05`.
  static func bound(_ bound: Double) -> String {
    let text = "\(bound)"
    guard bound >= 1e6, !text.contains("e"), let point = text.firstIndex(of: ".") else { return text }
    let exponent = text.distance(from: text.startIndex, to: point) - 1
    var digits = text.filter { $0 != "." }[...]
    while digits.last == "0" { digits.removeLast() }
    let first = digits.removeFirst()
    return "\(first)\(digits.isEmpty ? "" : ".\(digits)")e+\(exponent < 10 ? "0" : "")\(exponent)"
  }
}
