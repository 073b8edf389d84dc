// rangewatch config check|dump: are the files that people wrote right, and what holds where they say nothing?
#include <algorithm>

#include "command.h"
#include "detect/detector.h"
#include "flags.h"
#include "lake/time_zones.h"
#include "model/settings.h"
#include "model/subject.h"
#include "model/toml_file.h"
#include "open_lake.h"

namespace rw {
namespace {

enum class Kind : unsigned char { kSettings, kSubject };

// What a file is meant to be, by its top-level keys: those of a subject file lie at the top, those of settings in
// parts.
Result<Kind> kind_of(const std::string& path) {
  RW_ASSIGN(TomlFile file, TomlFile::read(path));
  const std::vector<std::string> keys = file.root().keys();
  const auto has = [&](std::string_view key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  for (const std::string_view part : kSettingsParts)
    if (has(part)) return Kind::kSettings;
  if (has("organisation")) return Kind::kSettings;
  for (const std::string_view key : {"id", "name", "prefix", "time_zone", "asns", "domains", "country"})
    if (has(key)) return Kind::kSubject;
  return Kind::kSettings;
}

Result<std::string> check(const std::string& path) {
  RW_ASSIGN(const Kind kind, kind_of(path));
  if (kind == Kind::kSubject) {
    RW_ASSIGN(const Subject subject, read_subject(path, check_time_zone));
    return "subject '" + subject.id + "', " + std::to_string(subject.prefixes.size()) +
           (subject.prefixes.size() == 1 ? " prefix" : " prefixes");
  }
  RW_ASSIGN(const Settings settings, read_settings(path, threshold_groups()));
  return std::string(settings.organisation.empty() ? "settings" : "settings, with an organisation");
}

Result<int> run_check(const Arguments& args, Console& console) {
  std::vector<std::string> paths = args.positionals();
  if (paths.empty()) {
    paths.push_back(flags::lake_directory(args) + "/" + std::string(Settings::kFileName));
    if (auto missing = TomlFile::read(paths.front()); !missing && missing.error().code == ErrorCode::kNotFound) {
      console.out(paths.front() + ": there is none, the defaults hold\n");
      return 0;
    }
  }
  bool failed = false;
  for (const std::string& path : paths) {
    const auto checked = check(path);
    if (checked) {
      console.out(path + ": ok, " + *checked + "\n");
      continue;
    }
    failed = true;
    console.note("error: " + checked.error().message);
  }
  return failed ? 1 : 0;
}

Result<int> run_dump(const Arguments& args, Console& console) {
  RW_ASSIGN(const Settings settings, lake_settings(args));
  console.out(settings_toml(settings, threshold_groups()));
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kLake};
constexpr Positional kPositionals[] = {
    {.name = "FILE", .doc = "settings or subject files; the lake's rangewatch.toml without", .repeatable = true}};
constexpr std::string_view kCheckExamples[] = {"rangewatch config check subjects/case-2019.toml",
                                               "rangewatch config check"};
constexpr std::string_view kDumpExamples[] = {"rangewatch config dump > rangewatch.lake/rangewatch.toml"};

}  // namespace

extern constinit const Command kConfigCheckCommand{
    .name = "config check",
    .summary = "check settings and subject files: place, and nearest key",
    .examples = kCheckExamples,
    .doc = "Exit status 1 when a file is wrong: each problem is told with file, line, column and a caret.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run_check};
extern constinit const Command kConfigDumpCommand{
    .name = "config dump",
    .summary = "print all settings of the lake, defaults included, as TOML",
    .examples = kDumpExamples,
    .flags = kFlags,
    .run = run_dump};

}  // namespace rw
