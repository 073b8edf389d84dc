// Help texts: an example first, then usage, arguments, options and details, in at most 80 columns.
#include "help.h"

#include <algorithm>

#include "flags.h"

namespace rw {
namespace {

constexpr std::size_t kDocColumn = 26;  // where descriptions start; longer names push theirs to the next line

std::size_t columns_of(std::string_view text) {
  // Help texts use few characters beyond ASCII (an ellipsis), all one column wide: count UTF-8 lead bytes.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// "  left            doc doc doc", wrapped.
std::string entry(std::string_view left, std::string_view doc, std::size_t doc_column) {
  std::string out = "  ";
  out += left;
  if (doc.empty()) return out + '\n';
  if (columns_of(out) + 2 > doc_column)
    out += '\n', out.append(doc_column, ' ');
  else
    out.append(doc_column - columns_of(out), ' ');
  return out + wrap(doc, doc_column, doc_column) + '\n';
}

std::string flag_text(const Flag& flag) {
  std::string out = flag.letter != 0 ? std::string("-") + flag.letter + ", " : std::string("    ");
  (out += "--") += flag.name;
  if (!flag.value.empty()) ((out += " <") += flag.value) += '>';
  return out;
}

// A command line, broken as a shell allows it where it is too long.
std::string example_lines(std::string_view example) {
  std::string out = "  ";
  std::size_t width = kHelpWidth - 4;  // room for the indent and " \\"
  while (example.size() > width) {
    const std::size_t space = example.substr(0, width + 1).rfind(" -");
    if (space == std::string_view::npos || space == 0) break;
    (out += example.substr(0, space)) += " \\\n     ";
    example.remove_prefix(space);
    width = kHelpWidth - 7;
  }
  return (out += example) + '\n';
}

std::string join(std::span<const std::string_view> words, std::string_view separator) {
  std::string out;
  for (const std::string_view word : words) (out += out.empty() ? "" : separator) += word;
  return out;
}

std::string flag_doc(const Flag& flag) {
  std::string doc(flag.doc);
  if (!flag.choices.empty()) doc += " [one of: " + join(flag.choices, ", ") + "]";
  if (!flag.preset.empty()) ((doc += " [default: ") += flag.preset) += "]";
  if (flag.repeatable) doc += " [may be repeated]";
  return doc;
}

std::string positional_text(const Positional& positional) {
  std::string out = positional.required ? "<" : "[";
  out += positional.name;
  out += positional.required ? ">" : "]";
  if (positional.repeatable) out += "...";
  return out;
}

// Paragraphs; lines that begin with two spaces stay as they are.
std::string paragraphs(std::string_view doc) {
  std::string out, paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) out += wrap(paragraph, 0, 0) + '\n';
    paragraph.clear();
  };
  while (!doc.empty()) {
    const std::size_t end = std::min(doc.find('\n'), doc.size());
    const std::string_view line = doc.substr(0, end);
    doc.remove_prefix(std::min(end + 1, doc.size()));
    if (line.empty() || line.starts_with("  ")) {
      end_paragraph();
      (out += line) += '\n';
    } else {
      if (!paragraph.empty()) paragraph += ' ';
      paragraph += line;
    }
  }
  end_paragraph();
  return out;
}

}  // namespace

std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = first_column;
  bool line_start = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line_start && column + 1 + columns_of(word) > width) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
      line_start = true;
    }
    if (!line_start) out += ' ', ++column;
    out += word;
    column += columns_of(word);
    line_start = false;
  }
  return out;
}

std::vector<const Command*> group_members(std::string_view word) {
  std::vector<const Command*> out;
  for (const Command* command : commands())
    if (command->name.size() > word.size() && command->name.starts_with(word) && command->name[word.size()] == ' ')
      out.push_back(command);
  return out;
}

std::vector<std::string_view> first_words() {
  std::vector<std::string_view> out;
  for (const Command* command : commands()) {
    const std::string_view word = command->name.substr(0, command->name.find(' '));
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out;
}

std::string usage_line(const Command& command) {
  std::string out = "Usage: ";
  ((out += kProgram) += ' ') += command.name;
  out += " [OPTIONS]";
  for (const Positional& positional : command.positionals) (out += ' ') += positional_text(positional);
  return out;
}

std::string command_help(const Command& command) {
  std::string out;
  out += wrap(std::string(kProgram) + ' ' + std::string(command.name) + ": " + std::string(command.summary), 0, 2) +
         "\n\n";
  out += command.examples.size() == 1 ? "Example:\n" : "Examples:\n";
  for (const std::string_view example : command.examples) out += example_lines(example);
  out += '\n' + wrap(usage_line(command), 0, 7) + '\n';
  if (!command.positionals.empty()) {
    out += "\nArguments:\n";
    for (const Positional& positional : command.positionals) {
      std::string doc(positional.doc);
      if (!positional.choices.empty()) doc += " [one of: " + join(positional.choices, ", ") + "]";
      out += entry(positional_text(positional), doc, kDocColumn);
    }
  }
  out += "\nOptions:\n";
  for (const Flag* flag : command.flags) out += entry(flag_text(*flag), flag_doc(*flag), kDocColumn);
  out += entry(flag_text(flags::kHelp), flags::kHelp.doc, kDocColumn);
  if (!command.doc.empty()) out += '\n' + paragraphs(command.doc);
  return out;
}

std::string group_help(std::string_view group) {
  std::string out = std::string(kProgram) + ' ' + std::string(group) + "\n\nExample:\n";
  const auto members = group_members(group);
  for (const Command* command : members)
    if (!command->examples.empty()) ((out += "  ") += command->examples.front()) += '\n';
  out += "\nUsage: " + std::string(kProgram) + ' ' + std::string(group) + " <ACTION> [OPTIONS]\n\nActions:\n";
  for (const Command* command : members)
    out += entry(command->name.substr(group.size() + 1), command->summary, kDocColumn);
  out +=
      "\n" + wrap("'" + std::string(kProgram) + ' ' + std::string(group) + " ACTION --help' tells more.", 0, 0) + "\n";
  return out;
}

std::string program_help() {
  std::string out =
      "rangewatch: watch an address space, understand what it does, defend against it\n\n"
      "Example:\n"
      "  rangewatch ingest captures/ zeek-logs/ flows.pcap.gz\n"
      "  rangewatch flows --by app --top 20\n"
      "  rangewatch flows 'src net 175.45.176.0/22 and tcp and dst port 3333'\n\n"
      "Usage: rangewatch <COMMAND> [OPTIONS]\n\nCommands:\n";
  for (const Command* command : commands()) out += entry(command->name, command->summary, 20);
  out += "\nOptions:\n";
  out += entry("-h, --help", "show this help; after a command, that command's", kDocColumn);
  out += entry("-V, --version", "show the version", kDocColumn);
  out += entry("    --generate <WHAT>", "print " + join(generate_choices(), ", "), kDocColumn);
  out += '\n' +
         wrap(
             "The default lake is $RANGEWATCH_LAKE, else ./rangewatch.lake. Exit status: 0 done, 1 the work "
             "failed, 2 wrong usage.",
             0, 0) +
         '\n';
  return out;
}

}  // namespace rw
