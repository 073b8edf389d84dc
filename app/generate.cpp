// Manual page and shell completions, made from the command table.
#include <algorithm>
#include <array>

#include "flags.h"
#include "help.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 4> kChoices{"man", "complete-bash", "complete-zsh", "complete-fish"};

// A flag whose value is a path completes to files; others have no words of their own.
bool takes_path(const Flag& flag) { return flag.value == "FILE" || flag.value == "DIR" || flag.value == "PATH"; }
bool takes_path(const Positional& positional) {
  return positional.name == "FILE" || positional.name == "DIR" || positional.name == "PATH";
}

// ---- manual page (man(7) macros)

std::string troff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string man_flag(const Flag& flag) {
  std::string out = ".TP\n";
  if (flag.letter != 0) out += "\\fB\\-" + std::string(1, flag.letter) + "\\fR, ";
  out += "\\fB\\-\\-" + troff(flag.name) + "\\fR";
  if (!flag.value.empty()) out += " \\fI" + troff(flag.value) + "\\fR";
  out += '\n' + troff(flag.doc);
  if (!flag.choices.empty()) {
    out += "; one of";
    for (const std::string_view choice : flag.choices) out += ' ' + troff(choice);
  }
  if (!flag.preset.empty()) out += " (default " + troff(flag.preset) + ")";
  return out + '\n';
}

std::string man_doc(std::string_view doc) {
  std::string out;
  bool verbatim = false;
  while (!doc.empty()) {
    const std::size_t end = std::min(doc.find('\n'), doc.size());
    const std::string_view line = doc.substr(0, end);
    doc.remove_prefix(std::min(end + 1, doc.size()));
    const bool keep = line.starts_with("  ");
    if (keep != verbatim) out += keep ? ".nf\n" : ".fi\n";
    verbatim = keep;
    out += line.empty() ? std::string(".PP\n") : troff(line) + '\n';
  }
  return verbatim ? out + ".fi\n" : out;
}

std::string man() {
  std::string out = ".TH RANGEWATCH 1 \"\" \"rangewatch " RW_VERSION "\" \"User Commands\"\n";
  out += ".SH NAME\nrangewatch \\- watch an address space, understand what it does, defend against it\n";
  out += ".SH SYNOPSIS\n.B rangewatch\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH COMMANDS\n";
  for (const Command* command : commands()) {
    out += ".SS \"" + troff(usage_line(*command).substr(std::string_view("Usage: ").size())) + "\"\n";
    out += troff(command->summary) + ".\n";
    for (const std::string_view example : command->examples) out += ".PP\n.nf\n    " + troff(example) + "\n.fi\n";
    for (const Positional& positional : command->positionals)
      out += ".TP\n\\fI" + troff(positional.name) + "\\fR\n" + troff(positional.doc) + '\n';
    for (const Flag* flag : command->flags) out += man_flag(*flag);
    if (!command->doc.empty()) out += ".PP\n" + man_doc(command->doc);
  }
  out += ".SH EXIT STATUS\n0 done; 1 the work failed; 2 wrong usage.\n";
  out += ".SH ENVIRONMENT\n.TP\n.B RANGEWATCH_LAKE\nthe lake's folder where \\-\\-lake is not given\n";
  out += ".TP\n.B NO_COLOR\nno colours, also on a terminal\n";
  return out;
}

// ---- shells

std::string words_of(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) (out += out.empty() ? "" : " ") += word;
  return out;
}

std::string bash_flags(const Command& command) {
  std::string out;
  for (const Flag* flag : command.flags) (out += "--") += std::string(flag->name) + ' ';
  return out + "--help";
}

std::string bash_case(const Command& command) {
  std::string out = "    '" + std::string(command.name) + "')\n      case \"$previous\" in\n";
  for (const Flag* flag : command.flags) {
    if (flag->value.empty()) continue;
    out += "        --" + std::string(flag->name);
    if (flag->letter != 0) out += std::string("|-") + flag->letter;
    if (!flag->choices.empty())
      out += ") words='" + words_of(flag->choices) + "' ;;\n";
    else
      out += std::string(") ") + (takes_path(*flag) ? "files=1" : ":") + " ;;\n";
  }
  std::string positional_words;
  bool files = false;
  for (const Positional& positional : command.positionals) {
    if (!positional.choices.empty()) positional_words += ' ' + words_of(positional.choices);
    files = files || takes_path(positional);
  }
  out += "        *) words='" + bash_flags(command) + positional_words + "'" + (files ? "; files=1" : "") + " ;;\n";
  return out + "      esac ;;\n";
}

std::string bash() {
  std::string groups;
  std::string out =
      "# bash completion for rangewatch, made by rangewatch --generate complete-bash\n_rangewatch() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local command=\"${COMP_WORDS[1]}\" words='' files=''\n  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words='" +
      words_of(first_words()) +
      " --help --version --generate'\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n    return\n  fi\n  case \"$command\" in\n";
  for (const std::string_view word : first_words()) {
    const auto members = group_members(word);
    if (members.empty()) continue;
    std::string actions;
    for (const Command* member : members) actions += std::string(member->name.substr(word.size() + 1)) + ' ';
    out += "    " + std::string(word) +
           ")\n      if [ \"$COMP_CWORD\" -eq 2 ]; then\n        COMPREPLY=($(compgen -W '" + actions +
           "--help' -- \"$current\"))\n        return\n      fi\n      command=\"$command ${COMP_WORDS[2]}\" ;;\n";
  }
  out += "    --generate) COMPREPLY=($(compgen -W '" + words_of(kChoices) + "' -- \"$current\")); return ;;\n  esac\n";
  out += "  case \"$command\" in\n";
  for (const Command* command : commands()) out += bash_case(*command);
  return out +
         "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [ -n \"$files\" ] && [[ \"$current\" != -* ]] && compopt -o filenames 2>/dev/null &&\n"
         "    COMPREPLY+=($(compgen -f -- \"$current\"))\n  return 0\n}\ncomplete -F _rangewatch rangewatch\n";
}

// Text inside single quotes of a shell, and inside a zsh description.
std::string single_quoted(std::string_view text, std::string_view escape_also = {}) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (escape_also.find(c) != std::string_view::npos)
      (out += '\\') += c;
    else
      out += c;
  }
  return out;
}

std::string zsh_flag(const Flag& flag) {
  std::string out = flag.repeatable ? "'*--" : "'--";
  out += flag.name;
  if (!flag.value.empty()) out += '=';
  out += '[' + single_quoted(flag.doc, "[]:\\") + ']';
  if (!flag.value.empty()) {
    out += ':' + single_quoted(flag.value, ":\\") + ':';
    if (!flag.choices.empty())
      out += '(' + words_of(flag.choices) + ')';
    else if (takes_path(flag))
      out += "_files";
  }
  return out + '\'';
}

std::string zsh() {
  std::string out =
      "#compdef rangewatch\n# made by rangewatch --generate complete-zsh\n_rangewatch() {\n"
      "  local command=\"$words[2]\"\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  for (const Command* command : commands())
    if (command->name.find(' ') == std::string_view::npos)
      out += "      '" + std::string(command->name) + ':' + single_quoted(command->summary, ":\\") + "'\n";
  for (const std::string_view word : first_words())
    if (!group_members(word).empty())
      out += "      '" + std::string(word) + ":" + "see " + std::string(word) + " --help'\n";
  out += "    )\n    _describe command commands\n    return\n  fi\n  case \"$command\" in\n";
  for (const std::string_view word : first_words()) {
    const auto members = group_members(word);
    if (members.empty()) continue;
    out += "    " + std::string(word) + ")\n      if (( CURRENT == 3 )); then\n        local -a actions=(\n";
    for (const Command* member : members)
      out += "          '" + std::string(member->name.substr(word.size() + 1)) + ':' +
             single_quoted(member->summary, ":\\") + "'\n";
    out +=
        "        )\n        _describe action actions\n        return\n      fi\n      command=\"$command $words[3]\" "
        ";;\n";
  }
  out += "  esac\n  case \"$command\" in\n";
  for (const Command* command : commands()) {
    out += "    '" + std::string(command->name) + "') _arguments -S";
    for (const Flag* flag : command->flags) out += " \\\n      " + zsh_flag(*flag);
    out += " \\\n      '--help[show this help]'";
    for (const Positional& positional : command->positionals) {
      out += " \\\n      '*:" + single_quoted(positional.name, ":\\") + ":";
      if (!positional.choices.empty())
        out += '(' + words_of(positional.choices) + ')';
      else if (takes_path(positional))
        out += "_files";
      out += '\'';
      break;  // zsh takes one rest argument
    }
    out += " ;;\n";
  }
  return out + "  esac\n}\n_rangewatch \"$@\"\n";
}

std::string fish() {
  std::string out = "# made by rangewatch --generate complete-fish\ncomplete -c rangewatch -f\n";
  const std::string top = "complete -c rangewatch -n __fish_use_subcommand ";
  for (const std::string_view word : first_words()) {
    std::string summary = "see " + std::string(word) + " --help";
    for (const Command* command : commands())
      if (command->name == word) summary = command->summary;
    out += top + "-a " + std::string(word) + " -d '" + single_quoted(summary, "\\") + "'\n";
  }
  out += top + "-l help -s h -d 'show help'\n" + top + "-l version -s V -d 'show the version'\n";
  out += top + "-l generate -x -a '" + words_of(kChoices) + "'\n";
  for (const Command* command : commands()) {
    const std::size_t space = command->name.find(' ');
    const std::string group(command->name.substr(0, space));
    std::string condition = "__fish_seen_subcommand_from " + group;
    if (space != std::string_view::npos) {
      const std::string action(command->name.substr(space + 1));
      out += "complete -c rangewatch -n '" + condition + "' -a " + action + " -d '" +
             single_quoted(command->summary, "\\") + "'\n";
      condition += "; and __fish_seen_subcommand_from " + action;
    }
    const std::string start = "complete -c rangewatch -n '" + condition + "' ";
    for (const Flag* flag : command->flags) {
      out += start + "-l " + std::string(flag->name);
      if (flag->letter != 0) out += std::string(" -s ") + flag->letter;
      if (!flag->choices.empty())
        out += " -x -a '" + words_of(flag->choices) + "'";
      else if (!flag->value.empty())
        out += takes_path(*flag) ? " -r -F" : " -x";
      out += " -d '" + single_quoted(flag->doc, "\\") + "'\n";
    }
    for (const Positional& positional : command->positionals) {
      if (!positional.choices.empty())
        out += start + "-a '" + words_of(positional.choices) + "'\n";
      else if (takes_path(positional))
        out += start + "-F\n";
    }
  }
  return out;
}

}  // namespace

std::span<const std::string_view> generate_choices() { return kChoices; }

std::string generate(std::string_view what) {
  if (what == "man") return man();
  if (what == "complete-bash") return bash();
  if (what == "complete-zsh") return zsh();
  if (what == "complete-fish") return fish();
  return {};
}

}  // namespace rw
