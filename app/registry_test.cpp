// The lists of what is built in: each entry has a unique name, a text for the documentation, a golden case and, where
// it reads bytes from outside, a fuzz target with seeds.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "command.h"
#include "detect/detector.h"
#include "format/format.h"
#include "help.h"
#include "report/renderer.h"
#include "section/section.h"

namespace rw {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = RW_SOURCE_DIR;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

// All files below `folder` whose name passes, as one text.
template <typename Passes>
std::string all_text(const fs::path& folder, const Passes& passes) {
  std::string out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && passes(entry.path())) out += contents(entry.path()) + "\n";
  return out;
}

const std::string& golden_outputs() {
  // Not those of the lists themselves: a name that is only listed is not tested.
  static const auto* const kText = new std::string(all_text(kRoot / "tests/golden", [](const fs::path& path) {
    return path.filename() == "expected.out" && path.string().find("/lists/") == std::string::npos;
  }));
  return *kText;
}

const std::string& golden_commands() {
  static const auto* const kText = new std::string(all_text(kRoot / "tests", [](const fs::path& path) {
    return path.filename() == "cmd" || path.filename() == "run" || path.extension() == ".py" ||
           path.extension() == ".sh";
  }));
  return *kText;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void expect_text(std::string_view name, std::string_view doc) {
  EXPECT_GE(doc.size(), 10u) << name << " has no text for the documentation";
}

TEST(Registry, Formats) {
  std::set<std::string_view> names;
  const std::string fuzzers = all_text(kRoot / "fuzz", [](const fs::path& path) { return path.extension() == ".cpp"; });
  for (const Format* format : formats()) {
    const std::string name(format->name);
    EXPECT_TRUE(names.insert(format->name).second) << "two formats are called " << name;
    EXPECT_EQ(find_format(name), format);
    expect_text(name, format->doc);
    expect_text(name, format->title);
    EXPECT_FALSE(format->tables.empty()) << name;
    EXPECT_TRUE(has(golden_outputs(), "(" + name + ")")) << name << ": no golden case ingests it";
    EXPECT_TRUE(has(fuzzers, "\"" + name + "\"")) << name << ": no fuzz target names it";
  }
  EXPECT_FALSE(names.empty());
}

// The seeds of each fuzz target lie in a folder of its name, or its comment says which fixtures they are.
TEST(Registry, FuzzTargetsHaveSeeds) {
  for (const auto& entry : fs::directory_iterator(kRoot / "fuzz")) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != ".cpp" || !stem.starts_with("fuzz_")) continue;
    const fs::path seeds = kRoot / "fuzz/seeds" / stem.substr(5);
    const bool folder = fs::is_directory(seeds) && !fs::is_empty(seeds);
    EXPECT_TRUE(folder || has(contents(entry.path()), "// seeds: ")) << stem << " has no seeds";
  }
}

TEST(Registry, Detectors) {
  std::set<std::string_view> ids;
  for (const Detector* detector : detectors()) {
    EXPECT_TRUE(ids.insert(detector->id).second) << "two detectors are called " << detector->id;
    expect_text(detector->id, detector->doc);
    expect_text(detector->id, detector->may_be_wrong_because);
    EXPECT_FALSE(detector->evidence.empty()) << detector->id;
    EXPECT_TRUE(has(golden_outputs(), detector->id)) << detector->id << ": no golden case has a finding of it";
  }
  EXPECT_FALSE(ids.empty());
}

TEST(Registry, Sections) {
  std::set<std::string_view> ids;
  for (const Section* section : sections()) {
    EXPECT_TRUE(ids.insert(section->id).second) << "two sections are called " << section->id;
    expect_text(section->id, section->doc);
    EXPECT_TRUE(has(golden_outputs(), "\"" + std::string(section->id) + "\": {"))
        << section->id << ": no golden case reports it";
  }
  EXPECT_FALSE(ids.empty());
}

TEST(Registry, Outputs) {
  std::set<std::string_view> ids;
  for (const Renderer* renderer : renderers()) {
    EXPECT_TRUE(ids.insert(renderer->id).second) << "two outputs are called " << renderer->id;
    expect_text(renderer->id, renderer->doc);
    EXPECT_TRUE(has(golden_commands(), "--format " + std::string(renderer->id)))
        << renderer->id << ": no golden case writes it";
  }
  EXPECT_FALSE(ids.empty());
}

TEST(Registry, Commands) {
  std::set<std::string_view> names;
  for (const Command* command : commands()) {
    const std::string name(command->name);
    EXPECT_TRUE(names.insert(command->name).second) << "two commands are called " << name;
    expect_text(name, command->summary);
    EXPECT_FALSE(command->examples.empty()) << name << " has no example";
    for (const std::string_view example : command->examples)
      EXPECT_TRUE(has(std::string(example), "rangewatch " + name.substr(0, name.find(' ')))) << example;
    ASSERT_NE(command->run, nullptr) << name;
    EXPECT_TRUE(has(golden_commands(), "rangewatch " + name)) << name << ": no golden case runs it";
    std::set<std::string_view> flags;
    for (const Flag* flag : command->flags) {
      EXPECT_TRUE(flags.insert(flag->name).second) << name << " has --" << flag->name << " twice";
      expect_text(std::string("--") + std::string(flag->name), flag->doc);
    }
  }
}

// Everything that is generated names everything that there is.
TEST(Registry, GeneratedTextsAreComplete) {
  for (const std::string_view what : generate_choices()) {
    const std::string text = generate(what);
    for (const Command* command : commands()) {
      const std::string word(command->name.substr(command->name.rfind(' ') + 1));
      EXPECT_TRUE(has(text, word)) << what << " lacks " << command->name;
    }
  }
  EXPECT_TRUE(generate("complete-tcsh").empty());
}

}  // namespace
}  // namespace rw
