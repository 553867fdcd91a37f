import Files
import Settings
import Splice
import Trading

extension Check {
  /// Ports that another process holds. Not looked at while a supervisor of ours runs here, since its own children hold them.
  mutating func ports(_ proc: String) {
    guard !supervisorListens(proc) else { return }
    let taken = ListenTable.ports(proc: proc)
    for mode in settings.modes {
      let port = settings.program.apiPort(mode)
      if taken.contains(port) {
        error(
          "TRADING_MODE", "\(mode.rawValue) needs port \(port) for the API, which another process holds",
          "end that process, or give the container a network of its own")
      }
    }
    for (port, variable, purpose) in servedPorts where taken.contains(port) {
      warn(
        variable, "needs port \(port) for \(purpose), which another process holds",
        "end that process, or give the container a network of its own")
    }
  }

  /// Ports that a config.ini gives to IBC and that something of ours needs, or expects elsewhere.
  mutating func portsOfIBC(_ text: String, path: String, _ mode: Mode) {
    let expected = settings.program.apiPort(mode)
    let others = servedPorts.map { (port: $0.0, purpose: $0.2) }
    for key in ["OverrideTwsApiPort", "CommandServerPort"] {
      guard let port = IniText.value(of: key, in: text).flatMap({ UInt16($0) }), port != 0 else { continue }
      if let other = others.first(where: { $0.port == port }) {
        error(
          "IBC_INI", "leads to \(path), whose \(key) is \(port), the port of \(other.purpose)",
          "choose another, or leave it empty")
      } else if key == "OverrideTwsApiPort", port != expected {
        warn(
          "IBC_INI",
          "leads to \(path), whose OverrideTwsApiPort is \(port), but the relay expects the API on \(expected)",
          "leave it empty")
      } else if key == "CommandServerPort", settings.modes.contains(where: { settings.program.apiPort($0) == port }) {
        error(
          "IBC_INI", "leads to \(path), whose CommandServerPort is \(port), the port of the API", "choose another")
      }
    }
  }

  /// What the container serves, with the variable that leads to it.
  private var servedPorts: [(UInt16, String, String)] {
    var ports = settings.modes.map { mode in
      (settings.program.relayPort(mode), "TRADING_MODE", "the \(mode.rawValue) relay")
    }
    if settings.program == .gateway, settings.vncPassword != nil { ports.append((5900, "VNC_SERVER_PASSWORD", "VNC")) }
    if settings.caddy.servesHealth { ports.append((2019, "ENABLE_HEALTH_CHECK", "the health site")) }
    return ports
  }

  private func supervisorListens(_ proc: String) -> Bool {
    // Columns: address, references, protocol, flags, type, state, inode, path. Bit 16 of the flags says that it listens.
    guard let table = try? FileSystem.read("\(proc)/net/unix") else { return false }
    return String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
      let columns = line.split(separator: " ", maxSplits: 7)
      return columns.count == 8 && columns[7] == "\(settings.runDirectory)/supervisor.sock"
        && (UInt32(columns[3], radix: 16) ?? 0) & 0x10000 != 0
    }
  }
}
