import Callers

/// Addresses and networks, as the settings of listeners and allow-lists need them.

extension Format where Value == [String] {
  /// Networks in CIDR notation or single addresses, separated by commas or spaces.
  static var networks: Self {
    list("CIDR list", of: "network", check: isNetwork, example: "127.0.0.0/8,10.0.0.0/8,fd00::/8")
  }

  /// IP addresses to listen on, separated by commas or spaces.
  static var addresses: Self {
    list("IP addresses", of: "IP address", check: { bits(of: $0) != nil }, example: "127.0.0.1,::1")
  }

  /// Tags of a tailnet, separated by commas or spaces, each with its `tag:`.
  static var tags: Self {
    list("tags", of: "tag", check: { $0.hasPrefix("tag:") && $0.count > 4 }, example: "tag:trading,tag:ibgw")
  }

  /// Who may, as ``CallerRule`` reads it, separated by commas or spaces.
  static var callers: Self {
    list(
      "users, tags and nodes", of: "user, tag or node", check: { CallerRule($0) != nil },
      example: "alice@example.com,*@example.org,tag:bot,laptop")
  }

  private static func list(
    _ name: String, of item: String, check: @escaping @Sendable (String) -> Bool, example: String
  ) -> Self {
    Format(name) { text in
      let items = text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }).map(String.init)
      let fix = "write such as \(example)"
      if let wrong = items.first(where: { !check($0) }) {
        return .failure(Invalid(what: "has \(wrong.quoted), which is no \(item)", fix: fix))
      }
      guard !items.isEmpty else { return .failure(Invalid(what: "is empty", fix: fix)) }
      return .success(Parsed(items, items.joined(separator: ",")))
    }
  }
}

extension Format where Value == [Int] {
  /// TCP ports, separated by commas or spaces.
  static var ports: Self {
    Format("ports") { text in
      let items = text.split { $0 == "," || $0 == " " || $0 == "\t" }.map(String.init)
      let ports = items.compactMap { Int($0) }.filter { (1...65_535).contains($0) }
      guard !items.isEmpty, ports.count == items.count else {
        return .failure(Invalid(what: "is \(text.quoted), which is no list of ports", fix: "write such as 5900,2019"))
      }
      return .success(Parsed(ports, ports.map(String.init).joined(separator: ",")))
    }
  }
}

extension Format where Value == String {
  /// One IPv4 address.
  static var address4: Self {
    Format("IPv4 address") { text in
      let trimmed = text.trimmed
      guard isIPv4(trimmed) else {
        return .failure(Invalid(what: "is \(text.quoted), which is no IPv4 address", fix: "write such as 127.0.0.1"))
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }

  /// One IP address.
  static var address: Self {
    Format("IP address") { text in
      let trimmed = text.trimmed
      guard bits(of: trimmed) != nil else {
        return .failure(Invalid(what: "is \(text.quoted), which is no IP address", fix: "write such as 127.0.0.1"))
      }
      return .success(Parsed(trimmed, trimmed))
    }
  }
}

@Sendable private func isNetwork(_ text: String) -> Bool {
  let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
  guard let width = bits(of: parts[0]) else { return false }
  if parts.count == 1 { return true }
  guard parts.count == 2, let length = number(parts[1], upTo: width) else { return false }
  return length <= width
}

/// 32 for an IPv4 address, 128 for an IPv6 address, nil for anything else. Zones (`%eth0`) are no part of it.
private func bits(of text: String) -> Int? {
  if isIPv4(text) { return 32 }
  return isIPv6(text) ? 128 : nil
}

private func isIPv4(_ text: String) -> Bool {
  let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  return parts.count == 4 && parts.allSatisfy { number($0, upTo: 255) != nil }
}

private func isIPv6(_ text: String) -> Bool {
  guard text.contains(":") else { return false }
  var gaps = 0
  var groups = 0
  var tail = text
  if let last = text.split(separator: ":", omittingEmptySubsequences: false).last, last.contains(".") {
    guard isIPv4(String(last)) else { return false }
    groups += 2
    tail = String(text.dropLast(last.count))
    guard tail.hasSuffix(":") else { return false }
    if !tail.hasSuffix("::") { tail.removeLast() }
  }
  let parts = tail.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
  for (index, part) in parts.enumerated() {
    if !part.isEmpty {
      guard part.count <= 4, part.utf8.allSatisfy(isHexadecimal) else { return false }
      groups += 1
    } else if index > 0 && index < parts.count - 1 {
      gaps += 1
    } else if index == 0 {
      guard parts.count > 1, parts[1].isEmpty else { return false }
    } else {
      guard parts[index - 1].isEmpty else { return false }
    }
  }
  // "::" alone splits into three empty parts, of which only the one in the middle counts as the gap.
  return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    true
  default: false
  }
}

/// A decimal number without sign or leading zero, since `010` is eight to some readers and ten to others.
private func number(_ text: String, upTo limit: Int) -> Int? {
  guard !text.isEmpty, text.count <= 3, text == "0" || !text.hasPrefix("0"),
    text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let value = Int(text)
  else { return nil }
  return value <= limit ? value : nil
}
