import Files
import Settings

extension Preparation {
  /// What becomes of the tailnet's settings on this machine. Nothing is written.
  ///
  /// - Parameters:
  ///   - proc: where the kernel's tables are read.
  ///   - tunDevice: what a kernel tun is made with.
  public static func tailnet(
    _ settings: Settings, proc: String = "/proc", tunDevice: String = "/dev/net/tun"
  ) -> TailnetPlan {
    let wishes = settings.tailscale
    let state = "\(wishes.stateDirectory)/tailscaled.state"
    return TailnetPlan(
      settings,
      machine: TailnetPlan.Machine(
        hostname: hostname(proc), hasState: FileSystem.kind(of: state) == .file && FileSystem.isReadable(state),
        hasTunDevice: FileSystem.kind(of: tunDevice) == .other && FileSystem.isWritable(tunDevice),
        hasNetAdmin: effectiveCapabilities(proc) & netAdmin != 0, canKeepState: canHave(wishes.stateDirectory),
        canPlaceSocket: canHave(FileSystem.directory(of: wishes.socket))))
  }

  /// Makes the directories of a node of ours; its state is for this user alone.
  static func createTailnetDirectories(_ plan: TailnetPlan, _ prepared: inout PreparedFiles) {
    guard plan.mode == .embedded else { return }
    do throws(FileError) {
      try FileSystem.createDirectory(plan.stateDirectory, mode: 0o700)
      try FileSystem.createDirectory(FileSystem.directory(of: plan.socket))
    } catch {
      prepared.warnings.append(
        Problem(
          "TAILSCALE_STATE_DIR", .warning,
          what: "or the socket's directory cannot be had, so there is no tailnet: \(error)",
          fix: "make them writable for uid \(FileSystem.effectiveUser)"))
    }
  }

  /// CAP_NET_ADMIN as a bit of the masks in `/proc/self/status`. Source: linux/capability.h.
  private static var netAdmin: UInt64 { 1 << 12 }

  private static func effectiveCapabilities(_ proc: String) -> UInt64 {
    guard let text = try? FileSystem.readText("\(proc)/self/status", limit: 1 << 16),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") })
    else { return 0 }
    return UInt64(line.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) ?? 0
  }

  /// The host name as a tailnet takes it: letters, digits and hyphens.
  private static func hostname(_ proc: String) -> String {
    let text = (try? FileSystem.readText("\(proc)/sys/kernel/hostname", limit: 256)) ?? ""
    let first = text.prefix { $0 != "." && !$0.isWhitespace }.lowercased()
    let name = first.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    return name.isEmpty ? "ib-gateway" : name
  }

  /// Whether the directory can be written, or made.
  private static func canHave(_ path: String) -> Bool {
    var existing = path
    while FileSystem.kind(of: existing) == nil, existing != "/", existing != "." {
      existing = FileSystem.directory(of: existing)
    }
    return FileSystem.isWritableDirectory(existing)
  }
}

extension Check {
  /// What of the tailnet's settings this machine cannot do.
  mutating func tailnet(_ proc: String) {
    let plan = Preparation.tailnet(settings, proc: proc)
    add(plan.problems)
    callers(plan)
    if plan.mode == .embedded, find("tailscaled") == nil {
      warn(
        settings.tailscale.authKey == nil ? "TAILSCALE_MODE" : "TAILSCALE_AUTHKEY",
        "asks for tailscaled, which is not installed, so there is no tailnet",
        "install Tailscale, or write TAILSCALE_MODE=off")
    }
    if plan.mode == .embedded, needsCommand, find("tailscale") == nil {
      warn(
        settings.tailscale.extraArguments == nil ? "TAILSCALE_AUTHKEY" : "TAILSCALE_EXTRA_ARGS",
        "asks for the command `tailscale`, which is not installed, so the node cannot log in", "install Tailscale")
    }
    if plan.mode == .embedded, let file = settings.tailscale.serveConfig, !FileSystem.isReadable(file) {
      warn(
        "TAILSCALE_SERVE_CONFIG", "names \(file), which cannot be read, so nothing is served",
        "mount a readable file there, or unset it")
    }
  }

  private var needsCommand: Bool { settings.tailscale.keyNeedsCommand || settings.tailscale.extraArguments != nil }
}
