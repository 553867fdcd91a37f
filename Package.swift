// swift-tools-version: 6.2
import PackageDescription

/// A module imports only what stands on a floor below its own; the order here is the order of the floors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ floor: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(floor)/\(name)", swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies, path: "Tests/\(name)",
    swiftSettings: strict)
}

let package = Package(
  name: "ibgw",
  products: [.executable(name: "ibgw", targets: ["ibgw"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    module("Values", "Trading"),
    module("Values", "Callers"),
    module("Values", "Settings", ["Callers", "Trading"]),
    module("Values", "Templates"),
    module("Values", "TWSProtocol"),
    module("Values", "Lifecycle", ["Trading"]),
    module("Values", "Metrics"),

    .target(name: "CLinux", path: "Sources/System/CLinux"),
    module("System", "Clocks", ["CLinux"]),
    module("System", "Files", ["CLinux"]),
    module("System", "Processes", ["CLinux", "Clocks"]),
    module("System", "Output"),
    module("System", "Survival", ["CLinux"]),
    module("System", "Splice", ["CLinux", "TWSProtocol"]),

    module("Wire", "LoopSignals", [nio, nioPosix, "CLinux"]),
    module("Wire", "LocalHTTP", [nio, nioPosix, nioHTTP1, "CLinux"]),

    module("Peers", "Gateway", ["Trading", "Lifecycle"]),
    module("Peers", "GatewayProbe", ["Trading", "Lifecycle", "TWSProtocol", "Splice"]),
    module("Peers", "Tailnet", ["Callers", "Lifecycle", "LocalHTTP", nio, nioHTTP1]),

    module("App", "Preparation", ["Trading", "Settings", "Templates", "Files", "Processes", "Splice"]),
    module(
      "App", "Supervisor",
      [
        "CLinux", "Trading", "Settings", "Lifecycle", "Clocks", "Files", "Processes", "Output", "Survival",
        "LoopSignals", "LocalHTTP", "Gateway", nio, nioPosix,
      ]),
    module(
      "App", "Services",
      ["Trading", "Settings", "Lifecycle", "Processes", "Gateway", "Supervisor"]),
    module("App", "Simulator", ["TWSProtocol", "Trading", "Clocks", nio, nioPosix]),
    module(
      "App", "ProbeService",
      ["Trading", "Lifecycle", "Clocks", "Files", "Splice", "LocalHTTP", "GatewayProbe", "Tailnet", nio, nioPosix]),
    module(
      "App", "RelayService",
      ["Callers", "Lifecycle", "Clocks", "Files", "Splice", "LocalHTTP", "Tailnet", nio, nioPosix]),
    module(
      "App", "WebService",
      [
        "Trading", "Lifecycle", "Metrics", "Clocks", "Files", "Processes", "Splice", "LocalHTTP", "GatewayProbe",
        "RelayService", nio,
      ]),

    .executableTarget(
      name: "ibgw",
      dependencies: [
        "CLinux", "Trading", "Settings", "Templates", "Lifecycle", "Files", "Processes", "Survival", "Splice",
        "LoopSignals", "LocalHTTP", "Gateway", "GatewayProbe", "Tailnet", "Preparation", "Supervisor", "Services",
        "Simulator", "ProbeService", "RelayService", "WebService", arguments, nio, nioPosix, nioHTTP1,
      ],
      path: "Sources/ibgw", swiftSettings: strict),

    // What bytes of others do to the program; run by Tests/Fuzz/run.
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "Settings", "Templates", "TWSProtocol", "Lifecycle", "Processes", "Output", "Splice", "LocalHTTP", "Gateway",
        "GatewayProbe", "RelayService", "Supervisor", "Simulator", "Tailnet", arguments, nio, nioPosix,
      ],
      path: "Tests/Fuzz", exclude: ["Corpus", "run"], swiftSettings: strict),

    // Weeks of whole containers in fast motion; run by Tests/Weeks/run.
    .executableTarget(
      name: "weeks", dependencies: ["Trading", "Settings", "Lifecycle", "Services", "TestSupport", arguments],
      path: "Tests/Weeks", exclude: ["run"], swiftSettings: strict),

    .target(name: "TestSupport", dependencies: ["Files"], path: "Tests/Support", swiftSettings: strict),
    tests(of: "Callers"),
    tests(of: "Settings", ["Trading"]),
    tests(of: "Templates"),
    tests(of: "TWSProtocol"),
    tests(of: "Lifecycle", ["Trading", "TestSupport"]),
    tests(of: "Metrics"),
    tests(of: "Files", ["TestSupport"]),
    tests(of: "Processes", ["Clocks"]),
    tests(of: "Output"),
    tests(of: "Survival"),
    tests(of: "Splice", ["CLinux"]),
    tests(of: "LocalHTTP", [nio, nioPosix]),
    tests(of: "Gateway"),
    tests(of: "GatewayProbe", ["Lifecycle", "TWSProtocol", "Splice", "Trading"]),
    .testTarget(
      name: "TailnetTests",
      dependencies: ["Tailnet", "Callers", "Lifecycle", "LocalHTTP", "Files", "TestSupport", nio, nioPosix],
      path: "Tests/Tailnet", exclude: ["Samples"], swiftSettings: strict),
    tests(of: "Preparation", ["Settings", "Templates", "Trading", "Files", "TestSupport"]),
    tests(of: "Supervisor", ["Lifecycle", "Trading", "Files", "TestSupport", nio, nioEmbedded]),
    tests(of: "Simulator", ["TWSProtocol", nio, nioPosix]),
    tests(of: "RelayService", ["Callers", "Splice", "Files", "LocalHTTP", "TestSupport", nio, nioPosix]),
    tests(
      of: "ProbeService", ["Simulator", "Splice", "LocalHTTP", "Lifecycle", "GatewayProbe", "Trading", nio, nioPosix]),
    tests(
      of: "WebService",
      [
        "TestSupport", "Files", "Splice", "Lifecycle", "Metrics", "LocalHTTP", "Processes", "GatewayProbe",
        "RelayService", "ProbeService", nio, nioPosix,
      ]),
  ]
)
