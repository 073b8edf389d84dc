// rangewatch scenario: writes a labelled synthetic world to a folder.
#include "scenario/scenario.h"

#include <cstdio>

#include "base/nearest.h"
#include "base/quantity.h"
#include "command.h"

namespace rw {
namespace {

constexpr Flag kOut{.name = "out", .letter = 'o', .value = "DIR", .doc = "folder to write to; made when missing"};
constexpr Flag kScale{.name = "scale",
                      .value = "X",
                      .doc = "number of flows, from 0.001 to 10; shares and ratios stay",
                      .preset = "0.01"};
constexpr Flag kSeed{
    .name = "seed", .value = "N", .doc = "the same seed and scale write the same bytes on any machine", .preset = "1"};
constexpr const Flag* kFlags[] = {&kOut, &kScale, &kSeed};
constexpr Positional kPositionals[] = {{.name = "NAME", .doc = "which world: case-2019", .required = true}};
constexpr std::string_view kExamples[] = {"rangewatch scenario case-2019 --out world",
                                          "rangewatch scenario case-2019 --out big --scale 1 --seed 7"};

Result<const Scenario*> chosen(const Arguments& args) {
  const std::string& name = args.positionals().front();
  if (const Scenario* scenario = find_scenario(name)) return scenario;
  std::vector<std::string_view> names;
  std::string list;
  for (const Scenario* scenario : scenarios()) {
    names.push_back(scenario->name);
    list.append(list.empty() ? "" : ", ").append(scenario->name);
  }
  std::string message = "no scenario is called '" + name + "'; there is " + list;
  if (const auto near = nearest(name, names); !near.empty())
    message.append("\n  tip: a similar name exists: '").append(near).append("'");
  return Failure(ErrorCode::kUsage, message);
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const Scenario* scenario, chosen(args));
  ScenarioOptions options;
  options.directory = args.get(kOut);
  if (options.directory.empty()) return Failure(ErrorCode::kUsage, "say where to write the scenario: --out DIR");
  RW_ASSIGN(options.scale, args.real(kScale));
  RW_ASSIGN(options.seed, args.number(kSeed));
  options.progress = [&console](double done) {
    char line[48];
    std::snprintf(line, sizeof line, "writing the scenario: %3.0f %%", 100 * done);
    console.progress(line);
  };
  RW_ASSIGN(const ScenarioReport report, scenario->write(options));
  console.progress({});
  const auto count = [](std::uint64_t n) { return group_thousands(static_cast<std::int64_t>(n)); };
  console.note("wrote " + count(report.flow_records) + " flow records, " + count(report.conn_records) +
               " connections and " + count(report.dns_records) + " DNS transactions (" +
               human_bytes(static_cast<double>(report.bytes)) + "), all synthetic");
  console.note("next: rangewatch ingest " + report.observations + "; " + report.reference +
               " holds lists and scan data to go with it");
  console.out(report.observations + "\n");
  return 0;
}

}  // namespace

extern constinit const Command kScenarioCommand{
    .name = "scenario",
    .summary = "write a labelled synthetic world: flow exports, Zeek logs and what was planted",
    .examples = kExamples,
    .doc =
        "The folder holds observations/ (to be ingested), reference/ (lists and scan data), subject.toml (the subject "
        "file that fits) and truth.json "
        "(what was\n"
        "planted, for tests). Its data is marked synthetic: a lake that takes it in says so for good.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
