extension Setting {
  /// The reference of every variable as a Markdown table, as a README shows it.
  public static func markdown() -> String {
    var lines = ["| Variable | Values | Default | Image | Effect |", "| --- | --- | --- | --- | --- |"]
    for setting in table {
      let name = setting.fileVariable.map { "`\(setting.name)`, `\($0)`" } ?? "`\(setting.name)`"
      let standard = setting.shownDefault.map { "`\($0)`" } ?? ""
      lines.append("| \(name) | \(setting.type) | \(standard) | \(setting.image.rawValue) | \(setting.help) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The reference for a terminal: a line for each variable, and its effect below.
  public static func plainReference() -> String {
    table.map { setting in
      let names = setting.fileVariable.map { "\(setting.name), \($0)" } ?? setting.name
      let standard = setting.shownDefault.map { ", default \($0)" } ?? ""
      let image = setting.image == .both ? "" : ", \(setting.image.rawValue) image only"
      return "\(names) (\(setting.type)\(standard)\(image))\n    \(setting.help)\n"
    }.joined()
  }

  /// The reference as an env file: every variable in a comment of its own, with its default where it has one.
  public static func environmentFile() -> String {
    let head = """
      # Every variable that the images know, with its default. Copy this file to .env, take the # away from what you set, and
      # keep the file to yourself: chmod 600 .env. Write values without quotes: `docker run --env-file` takes them literally.
      #
      # A secret X may be read from a file instead: name the file in X_FILE, and leave X unset. Do so for a password that
      # contains a $ or a quote, which Compose would take for its own.

      """
    return head
      + sections.map { section in
        "\n\n# \(section.title)\n" + section.settings.map { "\n\($0.environmentLines)\n" }.joined()
      }.joined()
  }

  private var environmentLines: String {
    let only = image == .both ? "" : " Only in the \(image.rawValue) image."
    // A default that follows from another variable is no value to write down.
    let fixed = defaultText(Settings()) == shownDefault ? shownDefault : nil
    let derived = fixed == nil ? shownDefault.map { " Default: \($0)." } ?? "" : ""
    let lines = [
      "# \(help)\(only)", "# Values: \(type).\(derived)", "#\(name)=\(fixed ?? "")",
    ]
    return (lines + (fileVariable.map { ["#\($0)="] } ?? [])).joined(separator: "\n")
  }

  /// One row of the reference, as `ibgw settings --json` prints it.
  public struct Reference: Sendable, Codable {
    /// The variable.
    public let name: String
    /// The variable that names a file with the value; nil where there is none.
    public let fileVariable: String?
    /// What it may say, in a few words.
    public let type: String
    /// What holds where it is unset; nil where that is nothing.
    public let standard: String?
    /// Whether the value is never shown.
    public let secret: Bool
    /// Where it has an effect.
    public let image: Image
    /// What it does.
    public let help: String

    private enum CodingKeys: String, CodingKey {
      case name, type, secret, image, help
      case fileVariable = "file_variable"
      case standard = "default"
    }
  }

  /// The row without its code.
  public var reference: Reference {
    Reference(
      name: name, fileVariable: fileVariable, type: type, standard: shownDefault, secret: isSecret, image: image,
      help: help)
  }
}
