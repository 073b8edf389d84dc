// Parses a command line against the command table and runs the command. Every usage error says what was wrong, what was
// probably meant, and where help is; then the exit status is 2 and standard output stays empty.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/nearest.h"
#include "command.h"
#include "flags.h"
#include "help.h"

namespace rw {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// Words of the user go back to a terminal: control characters must not.
std::string quoted(std::string_view word) {
  std::string out = "'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += '?';
    else
      out += c;
  }
  return out + '\'';
}

std::string flag_name(const Flag& flag) { return "--" + std::string(flag.name); }

std::string flag_with_value(const Flag& flag) { return flag_name(flag) + " <" + std::string(flag.value) + ">"; }

std::string paint(const Console& console, std::string_view colour, std::string_view text) {
  if (!console.err_colour()) return std::string(text);
  return "\x1b[" + std::string(colour) + "m" + std::string(text) + "\x1b[0m";
}

// Where help is for what was typed: the program, a group or a command.
struct Subject {
  std::string usage;
  std::string name;  // with the program's
};

Subject program_subject() {
  return {"Usage: " + std::string(kProgram) + " <COMMAND> [OPTIONS]", std::string(kProgram)};
}
Subject group_subject(std::string_view group) {
  const std::string name = std::string(kProgram) + ' ' + std::string(group);
  return {"Usage: " + name + " <ACTION> [OPTIONS]", name};
}
Subject command_subject(const Command& command) {
  return {usage_line(command), std::string(kProgram) + ' ' + std::string(command.name)};
}

int tell_usage_error(Console& console, std::string_view message, const Subject& subject, std::string_view tip = {}) {
  std::string text = paint(console, "1;31", "error:") + ' ' + std::string(message) + "\n";
  if (!tip.empty()) text += "\n  " + paint(console, "32", "tip:") + ' ' + std::string(tip) + "\n";
  console.note(text + "\n" + subject.usage + "\n\nFor more information, try '" + subject.name + " --help'.");
  return kExitUsage;
}

int tell_error(Console& console, const Error& error, const Command& command) {
  std::string text = paint(console, "1;31", "error:") + ' ' + error.message;
  if (error.code == ErrorCode::kUsage)
    text += "\n\nFor more information, try '" + std::string(kProgram) + ' ' + std::string(command.name) + " --help'.";
  console.note(text);
  return error.code == ErrorCode::kUsage ? kExitUsage : kExitFailed;
}

struct UsageError {
  std::string message;
  std::string tip;
};

class Parser {
 public:
  Parser(const Command& command, Arguments& arguments) : command_(command), arguments_(arguments) {}

  std::optional<UsageError> parse(std::span<const char* const> words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i];
      const bool has_next = i + 1 < words.size();
      bool used_next = false;
      std::optional<UsageError> error;
      if (only_positionals_ || word.size() < 2 || word[0] != '-')
        error = positional(word);
      else if (word == "--")
        only_positionals_ = true;
      else if (word[1] == '-')
        error = long_flag(word, has_next ? words[i + 1] : nullptr, used_next);
      else
        error = short_flag(word, has_next ? words[i + 1] : nullptr, used_next);
      if (error) return error;
      if (help_) return std::nullopt;
      if (used_next) ++i;
    }
    return missing_positional();
  }
  bool help() const { return help_; }

 private:
  const Flag* find(std::string_view name) const {
    for (const Flag* flag : command_.flags)
      if (flag->name == name) return flag;
    return nullptr;
  }

  std::optional<UsageError> long_flag(std::string_view word, const char* next, bool& used_next) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    if (name == flags::kHelp.name) {
      help_ = true;
      return std::nullopt;
    }
    const Flag* flag = find(name);
    if (flag == nullptr) return unknown_flag(word.substr(0, equals));
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    return take(*flag, value, next, used_next);
  }

  std::optional<UsageError> short_flag(std::string_view word, const char* next, bool& used_next) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      if (word[at] == flags::kHelp.letter) {
        help_ = true;
        return std::nullopt;
      }
      const Flag* flag = nullptr;
      for (const Flag* candidate : command_.flags)
        if (candidate->letter == word[at]) flag = candidate;
      if (flag == nullptr) return unknown_flag(word);
      std::optional<std::string_view> value;
      if (!flag->value.empty() && at + 1 < word.size()) value = word.substr(at + 1);
      if (auto error = take(*flag, value, next, used_next)) return error;
      if (!flag->value.empty()) break;
    }
    return std::nullopt;
  }

  std::optional<UsageError> take(const Flag& flag, std::optional<std::string_view> value, const char* next,
                                 bool& used_next) {
    if (flag.value.empty()) {
      if (value)
        return UsageError{"unexpected value " + quoted(*value) + " for '" + flag_name(flag) + "': it takes none", {}};
      if (!arguments_.has(flag)) arguments_.set(flag.name, "");
      return std::nullopt;
    }
    if (!value) {
      const std::string_view following = next != nullptr ? next : "";
      const bool looks_like_flag =
          following.size() > 1 && following[0] == '-' && (following[1] < '0' || following[1] > '9');
      if (next == nullptr || looks_like_flag)
        return UsageError{"a value is required for '" + flag_with_value(flag) + "' but none was supplied", {}};
      value = following;
      used_next = true;
    }
    if (!flag.repeatable && arguments_.has(flag))
      return UsageError{"the argument '" + flag_with_value(flag) + "' cannot be used multiple times", {}};
    if (auto error = check_choice(*value, flag.choices, flag_with_value(flag))) return error;
    arguments_.set(flag.name, std::string(*value));
    return std::nullopt;
  }

  static std::optional<UsageError> check_choice(std::string_view value, std::span<const std::string_view> choices,
                                                const std::string& what) {
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return std::nullopt;
    std::string message = "invalid value " + quoted(value) + " for '" + what + "'\n  [possible values: ";
    for (std::size_t i = 0; i < choices.size(); ++i) (message += i > 0 ? ", " : "") += choices[i];
    const std::string_view near = nearest(value, choices);
    return UsageError{message + "]", near.empty() ? "" : "a similar value exists: " + quoted(near)};
  }

  UsageError unknown_flag(std::string_view word) const {
    std::vector<std::string> names;
    for (const Flag* flag : command_.flags) names.push_back(flag_name(*flag));
    names.push_back("--help");
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const std::string_view near = nearest(word, candidates);
    return {"unexpected argument " + quoted(word) + " found",
            near.empty() ? "" : "a similar argument exists: " + quoted(near)};
  }

  std::optional<UsageError> positional(std::string_view word) {
    const std::size_t index = arguments_.positionals().size();
    const auto& specs = command_.positionals;
    if (specs.empty() || (index >= specs.size() && !specs.back().repeatable))
      return UsageError{"unexpected argument " + quoted(word) + " found", {}};
    const Positional& spec = specs[std::min(index, specs.size() - 1)];
    if (auto error = check_choice(word, spec.choices, "<" + std::string(spec.name) + ">")) return error;
    arguments_.add_positional(std::string(word));
    return std::nullopt;
  }

  std::optional<UsageError> missing_positional() const {
    for (std::size_t i = arguments_.positionals().size(); i < command_.positionals.size(); ++i)
      if (command_.positionals[i].required)
        return UsageError{
            "the following required argument was not provided: <" + std::string(command_.positionals[i].name) + ">",
            {}};
    return std::nullopt;
  }

  const Command& command_;
  Arguments& arguments_;
  bool only_positionals_ = false;
  bool help_ = false;
};

const Command* find_command(std::string_view name) {
  for (const Command* command : commands())
    if (command->name == name) return command;
  return nullptr;
}

int finish(Console& console, int status) {
  if (auto flushed = console.flush(); !flushed) {
    console.note("error: " + flushed.error().message);
    return kExitFailed;
  }
  return status;
}

int run_command(const Command& command, std::span<const char* const> words, Console& console) {
  Arguments arguments;
  Parser parser(command, arguments);
  if (auto error = parser.parse(words))
    return tell_usage_error(console, error->message, command_subject(command), error->tip);
  if (parser.help()) {
    console.out(command_help(command));
    return finish(console, 0);
  }
  auto status = command.run(arguments, console);
  if (!status) {
    const int code = tell_error(console, status.error(), command);
    return std::max(code, finish(console, code));
  }
  return finish(console, *status);
}

int unknown_command(Console& console, std::string_view word) {
  const auto words = first_words();
  const std::string_view near = nearest(word, words);
  return tell_usage_error(console, "unrecognized command " + quoted(word), program_subject(),
                          near.empty() ? "" : "a similar command exists: " + quoted(near));
}

// The word names a group: the next word is the action.
int run_group(std::string_view group, std::span<const char* const> rest, Console& console) {
  const std::string_view action = rest.empty() ? std::string_view() : std::string_view(rest[0]);
  if (action == "--help" || action == "-h") {
    console.out(group_help(group));
    return finish(console, 0);
  }
  if (const Command* command = find_command(std::string(group) + ' ' + std::string(action)))
    return run_command(*command, rest.subspan(1), console);
  const auto members = group_members(group);
  if (action.empty() || action[0] == '-')
    for (const Command* command : members)
      if (command->group_default) return run_command(*command, rest, console);
  std::vector<std::string_view> actions;
  for (const Command* command : members) actions.push_back(command->name.substr(group.size() + 1));
  std::string message = action.empty() ? "'" + std::string(group) + "' needs an action"
                                       : "unrecognized action " + quoted(action) + " for '" + std::string(group) + "'";
  message += "\n  [possible values: ";
  for (std::size_t i = 0; i < actions.size(); ++i) (message += i > 0 ? ", " : "") += actions[i];
  const std::string_view near = nearest(action, actions);
  return tell_usage_error(console, message + "]", group_subject(group),
                          near.empty() ? "" : "a similar action exists: " + quoted(near));
}

int run_generate(std::span<const char* const> rest, Console& console) {
  const std::string text = rest.empty() ? std::string() : generate(rest[0]);
  if (text.empty()) {
    std::string message = rest.empty() ? "a value is required for '--generate <WHAT>' but none was supplied"
                                       : "invalid value " + quoted(rest[0]) + " for '--generate <WHAT>'";
    message += "\n  [possible values: ";
    for (std::size_t i = 0; i < generate_choices().size(); ++i) (message += i > 0 ? ", " : "") += generate_choices()[i];
    const std::string_view near = rest.empty() ? std::string_view() : nearest(rest[0], generate_choices());
    return tell_usage_error(console, message + "]", program_subject(),
                            near.empty() ? "" : "a similar value exists: " + quoted(near));
  }
  console.out(text);
  return finish(console, 0);
}

// `rangewatch help flows`
int run_help(std::span<const char* const> rest, Console& console) {
  std::string name;
  for (const char* word : rest) (name += name.empty() ? "" : " ") += word;
  if (name.empty())
    console.out(program_help());
  else if (const Command* command = find_command(name))
    console.out(command_help(*command));
  else if (!group_members(name).empty())
    console.out(group_help(name));
  else
    return unknown_command(console, name);
  return finish(console, 0);
}

}  // namespace

int run_command_line(std::span<const char* const> words, Console& console) {
  if (words.empty()) {
    console.note(program_help());
    return kExitUsage;
  }
  const std::string_view first = words[0];
  const auto rest = words.subspan(1);
  if (first == "--help" || first == "-h" || first == "help")
    return run_help(first == "help" ? rest : rest.first(0), console);
  if (first == "--version" || first == "-V" || first == "version") {
    console.out(std::string(kProgram) + " " RW_VERSION "\n");
    return finish(console, 0);
  }
  if (first == "--generate") return run_generate(rest, console);
  if (first.starts_with("--generate=")) {
    const char* what = words[0] + std::string_view("--generate=").size();
    return run_generate(std::span(&what, 1), console);
  }
  if (first.size() > 1 && first[0] == '-') {
    static constexpr std::string_view kTop[] = {"--help", "--version", "--generate"};
    const std::string_view near = nearest(first, kTop);
    return tell_usage_error(
        console, "unexpected argument " + quoted(first) + " found", program_subject(),
        near.empty() ? "options of a command come after it" : "a similar argument exists: " + quoted(near));
  }
  if (const Command* command = find_command(first)) return run_command(*command, rest, console);
  if (!group_members(first).empty()) return run_group(first, rest, console);
  return unknown_command(console, first);
}

}  // namespace rw
