// Texts made from the command table: help, usage lines, manual page, shell completion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace rw {

inline constexpr std::string_view kProgram = "rangewatch";
inline constexpr std::size_t kHelpWidth = 80;

std::string program_help();                        // what `rangewatch --help` prints
std::string group_help(std::string_view group);    // `rangewatch lake --help`
std::string command_help(const Command& command);  // `rangewatch flows --help`
std::string usage_line(const Command& command);    // "Usage: rangewatch flows [OPTIONS] [FILTER]..."

// The commands of a group ("lake": "lake info", …); empty when `word` is no group.
std::vector<const Command*> group_members(std::string_view word);
// The words that can come first: commands and groups, once each, in order.
std::vector<std::string_view> first_words();

// What --generate takes: man, complete-bash, complete-zsh, complete-fish. Empty for anything else.
std::string generate(std::string_view what);
std::span<const std::string_view> generate_choices();

// `text` in lines of at most `width` columns, each line after the first indented by `indent`.
std::string wrap(std::string_view text, std::size_t first_column, std::size_t indent, std::size_t width = kHelpWidth);

}  // namespace rw
