import Callers
import Files

/// Why the list of callers cannot be had. Its description is one sentence.
public struct CallerListError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The sentence.
  public let description: String
}

extension RelayServiceConfiguration.Tailnet {
  /// Who may, as the file says at this moment.
  func readPolicy() throws(CallerListError) -> CallerPolicy {
    guard let callersFile else { return CallerPolicy(admitsLocal: admitsLocal) }
    let text: String
    do throws(FileError) { text = try FileSystem.readText(callersFile) } catch {
      throw CallerListError(
        description: "cannot tell who may use the API: \(error); mend that, since nobody may without")
    }
    do throws(CallerPolicy.NoRule) {
      return CallerPolicy(rules: try CallerPolicy.rules(of: text), admitsLocal: admitsLocal)
    } catch {
      throw CallerListError(
        description:
          "cannot tell who may use the API: \(callersFile) has '\(error.text)', which is neither a user, *@domain, "
          + "tag:NAME nor a node; mend that")
    }
  }
}
