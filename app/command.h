// What a command is: one constant struct from which parsing, help, manual page and shell completion are all made.
//
// A command is one .cpp file that defines one `extern constinit const Command` and one line in commands.cpp:
//
//   constexpr const Flag* kFlags[] = {&flags::kLake, &kTop};
//   Result<int> run(const Arguments& args, Console& console) { … return 0; }
//   extern constinit const Command kFlowsCommand{.name = "flows", .summary = "look at flows", …, .run = run};
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "console.h"

namespace rw {

struct Flag {
  std::string_view name;    // "format" is given as --format
  char letter = 0;          // 'o' is given as -o; 0: none
  std::string_view value;   // what help calls the value, "FILE"; empty: a switch
  std::string_view doc;     // one or two sentences, lower case, no final period
  std::string_view preset;  // the value when the flag is not given; also shown by help. Empty: none
  bool repeatable = false;
  std::span<const std::string_view> choices = {};  // the only values allowed; empty: any
};

struct Positional {
  std::string_view name;  // "PATH"
  std::string_view doc;
  bool required = false;
  bool repeatable = false;
  std::span<const std::string_view> choices = {};
};

class Arguments;

struct Command {
  std::string_view name;                       // one word, or two for an action of a group: "lake info"
  std::string_view summary;                    // "look at flows, or aggregate them": lower case, no final period
  std::span<const std::string_view> examples;  // whole command lines; help shows them first
  std::string_view doc = {};                   // paragraphs below the options, separated by empty lines; lines that
                                               // begin with two spaces are kept as they are
  std::span<const Positional> positionals = {};
  std::span<const Flag* const> flags = {};
  bool group_default = false;  // runs when only the group's word is given ("findings" is "findings list")
  // The exit status: 0 done, 1 the work failed. An Error is told on standard error; kUsage exits 2, all others 1.
  // Print nothing to standard output before everything that the user typed has been checked.
  Result<int> (*run)(const Arguments& args, Console& console) = nullptr;
};

// All commands, in the order in which help lists them.
std::span<const Command* const> commands();

// What the user typed, checked against the command's table: every flag asked for here must be in it.
class Arguments {
 public:
  bool has(const Flag& flag) const { return values_.contains(flag.name); }  // given by the user
  // The last value given, else the preset (which may be empty).
  std::string_view get(const Flag& flag) const;
  // All values of a repeatable flag, in order; empty when not given.
  const std::vector<std::string>& all(const Flag& flag) const;
  const std::vector<std::string>& positionals() const { return positionals_; }

  // Typed values. A value that cannot be read as such is a usage error that names the flag. No value and no preset: 0.
  Result<std::uint64_t> number(const Flag& flag) const;  // whole, from 0
  Result<double> real(const Flag& flag) const;
  Result<std::uint64_t> size_bytes(const Flag& flag) const;  // 512M, 2G (decimal) or 2Gi
  Result<Duration> duration(const Flag& flag) const;         // 30s, 5min, 2h, 1d; a bare number is seconds
  // Values separated by commas, over all occurrences.
  std::vector<std::string> list(const Flag& flag) const;

  // For the parser and for tests.
  void set(std::string_view flag, std::string value) { values_[flag].push_back(std::move(value)); }
  void add_positional(std::string value) { positionals_.push_back(std::move(value)); }

 private:
  std::map<std::string_view, std::vector<std::string>, std::less<>> values_;  // keys point into the flag table
  std::vector<std::string> positionals_;
};

// Runs the program for these arguments (without argv[0]) and returns its exit status.
int run_command_line(std::span<const char* const> words, Console& console);

}  // namespace rw
