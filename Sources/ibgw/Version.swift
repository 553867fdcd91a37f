/// The program's version, for `ibgw --version` and the status.
enum Version {
  static let current = "0.1.0"
}
