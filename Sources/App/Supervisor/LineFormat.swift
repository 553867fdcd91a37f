import Glibc
import Lifecycle
import Settings

/// How a line of the log looks: its time, level, service and text.
struct LineFormat {
  let format: LogFormat

  /// `text`: `2026-11-21T09:15:02.123+01:00 info    xvfb: ready`; `json`: the same four fields as an object. A line feed ends both.
  func line(_ severity: Severity, _ service: String, _ text: [UInt8]) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(text.count + 64)
    switch format {
    case .text:
      line += Self.timestamp()
      line.append(UInt8(ascii: " "))
      line += severity.rawValue.utf8
      line += String(repeating: " ", count: max(1, 8 - severity.rawValue.utf8.count)).utf8
      line += service.utf8
      line += ": ".utf8
      // A control character in a child's line must not move a terminal's cursor or colour what follows.
      for byte in text { line.append(byte < 0x20 && byte != 9 || byte == 0x7F ? UInt8(ascii: "?") : byte) }
    case .json:
      line += "{\"ts\":\"".utf8
      line += Self.timestamp()
      line += "\",\"level\":\"\(severity.rawValue)\",\"service\":\"".utf8
      Self.escape(Array(service.utf8), into: &line)
      line += "\",\"msg\":\"".utf8
      Self.escape(Array(String(decoding: text, as: UTF8.self).utf8), into: &line)
      line += "\"}".utf8
    }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  private static func escape(_ text: [UInt8], into line: inout [UInt8]) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
      case 0x09: line += "\\t".utf8
      case ..<0x20, 0x7F:
        line += "\\u00".utf8
        line += [hexDigit(byte >> 4), hexDigit(byte & 15)]
      default: line.append(byte)
      }
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 { Array("0123456789abcdef".utf8)[Int(value)] }

  /// Now, in the time zone of `TZ`, with milliseconds and the offset.
  private static func timestamp() -> [UInt8] {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var local = tm()
    localtime_r(&now.tv_sec, &local)
    let minutes = abs(local.tm_gmtoff) / 60
    return digits(local.tm_year + 1900, 4) + dash + digits(local.tm_mon + 1, 2) + dash + digits(local.tm_mday, 2)
      + [UInt8(ascii: "T")] + digits(local.tm_hour, 2) + colon + digits(local.tm_min, 2) + colon
      + digits(local.tm_sec, 2) + [UInt8(ascii: ".")] + digits(Int32(now.tv_nsec / 1_000_000), 3)
      + (local.tm_gmtoff == 0
        ? [UInt8(ascii: "Z")]
        : [local.tm_gmtoff < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")] + digits(Int32(minutes / 60), 2) + colon
          + digits(Int32(minutes % 60), 2))
  }

  private static let dash = [UInt8(ascii: "-")]
  private static let colon = [UInt8(ascii: ":")]

  private static func digits(_ value: Int32, _ count: Int) -> [UInt8] {
    var value = value
    var digits = [UInt8](repeating: 48, count: count)
    for place in stride(from: count - 1, through: 0, by: -1) {
      digits[place] = 48 + UInt8(value % 10)
      value /= 10
    }
    return digits
  }
}
