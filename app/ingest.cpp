// rangewatch ingest: brings inputs into the lake and says what became of each.
#include "ingest/ingest.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/nearest.h"
#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "ingest_teller.h"
#include "open_lake.h"
#include "scenario/scenario.h"

namespace rw {
namespace {

constexpr Flag kFormatName{.name = "format",
                           .value = "NAME",
                           .doc = "read every input as this format (see rangewatch formats); by content without"};
constexpr Flag kAgain{.name = "again", .doc = "take inputs that are known already anew, in place of what they brought"};
constexpr Flag kSensor{
    .name = "sensor",
    .value = "NAME",
    .doc = "who saw the records of inputs that name nobody, such as captures; default the input's name"};
constexpr Flag kActive{.name = "active-timeout",
                       .value = "TIME",
                       .doc = "a flow assembled from packets that goes on is told in pieces of at most this",
                       .preset = "30min"};
constexpr Flag kIdle{
    .name = "idle-timeout", .value = "TIME", .doc = "and it ends after this much silence", .preset = "60s"};
constexpr Flag kDpi{.name = "dpi",
                    .value = "on|off",
                    .doc =
                        "ask nDPI about the flows of captures, beside the rules of our own (columns dpi, dpi_category, "
                        "dpi_risks)",
                    .preset = "on"};
constexpr Flag kListPurpose{.name = "list-purpose",
                            .value = "PURPOSE",
                            .doc =
                                "what the entries of lists are for: threat, tor, hosting, cdn, vpn, proxy, pool or "
                                "content; plain lists and CSV need it"};
constexpr Flag kListName{
    .name = "list-name", .value = "NAME", .doc = "name of the list; default its own, else the input's name"};
constexpr Flag kListDate{
    .name = "list-date", .value = "TIME", .doc = "when the list was as it is; default its own date, else now"};
constexpr Flag kSynthetic{.name = "synthetic",
                          .doc =
                              "mark the lake as holding synthetic data, for good (folders written by "
                              "rangewatch scenario are recognised)"};

std::string counted(std::uint64_t n) { return group_thousands(static_cast<std::int64_t>(n)); }

// "1,204 flows, 30 dns; weird: 3 (truncated-header 2, bad-length 1)"
std::string counts_text(const Emitter::Counts& counts) {
  std::string out;
  for (const auto& [table, rows] : counts.rows)
    if (rows > 0 && table != "weird") out += (out.empty() ? "" : ", ") + counted(rows) + " " + table;
  if (out.empty()) out = "no records";
  if (counts.known > 0) out += ", " + counted(counts.known) + " known before";
  std::uint64_t weird = 0;
  std::string codes;
  for (const auto& [code, n] : counts.weird) {
    weird += n;
    codes += (codes.empty() ? "" : ", ") + code + " " + counted(n);
  }
  if (weird > 0) out += "; weird: " + counted(weird) + " (" + codes + ")";
  std::uint64_t skipped = 0;
  std::string kinds;
  for (const auto& [kind, n] : counts.skipped) {
    skipped += n;
    kinds += (kinds.empty() ? "" : ", ") + kind + " " + counted(n);
  }
  if (skipped > 0) out += "; of other kinds: " + counted(skipped) + " (" + kinds + ")";
  return out;
}

std::string_view outcome_word(InputReport::Outcome outcome) {
  switch (outcome) {
    case InputReport::Outcome::kRead: return "read";
    case InputReport::Outcome::kKnown: return "known";
    case InputReport::Outcome::kExtended: return "extended";
    case InputReport::Outcome::kSkipped: return "skipped";
    case InputReport::Outcome::kPartly: return "partly";
    case InputReport::Outcome::kFailed: return "failed";
  }
  return "";
}

// File names come from outside too: no control characters.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out;
}

std::string report_line(const InputReport& report) {
  using Outcome = InputReport::Outcome;
  std::string line(outcome_word(report.outcome));
  line.resize(9, ' ');
  line += printable(report.name);
  const bool brought =
      report.outcome == Outcome::kRead || report.outcome == Outcome::kExtended || report.outcome == Outcome::kPartly;
  if (!report.format.empty() && brought) line += " (" + report.format + ")";
  std::string details = brought ? counts_text(report.counts) : std::string();
  if (!report.reason.empty()) details += (details.empty() ? "" : "; ") + printable(report.reason);
  if (report.outcome == Outcome::kKnown && details.empty()) details = "already in the lake";
  return line + (details.empty() ? "" : ": ") + details + '\n';
}

std::string progress_line(const IngestProgress& progress) {
  constexpr std::size_t kCells = 24;
  const double share =
      progress.total_bytes > 0
          ? std::min(1.0, static_cast<double>(progress.done_bytes) / static_cast<double>(progress.total_bytes))
          : 0;
  const auto filled = static_cast<std::size_t>(share * kCells);
  std::string line = "[" + std::string(filled, '#') + std::string(kCells - filled, ' ') + "] ";
  line +=
      std::to_string(static_cast<int>(share * 100)) + " %  " + human_bytes(static_cast<double>(progress.done_bytes));
  line += "  " + human_count(static_cast<double>(progress.rows)) + " rows  ";
  const std::string name = printable(progress.current);
  constexpr std::size_t kNameCells = 30;
  return line + (name.size() > kNameCells ? "…" + name.substr(name.size() - kNameCells + 1) : name);
}

std::string summary_line(const IngestSummary& summary) {
  std::string out;
  const auto add = [&](std::uint64_t n, std::string_view word) {
    if (n > 0) out += (out.empty() ? "" : ", ") + counted(n) + " " + std::string(word);
  };
  add(summary.read, "read");
  add(summary.extended, "extended");
  add(summary.known, "known");
  add(summary.partly, "partly read");
  add(summary.skipped, "skipped");
  add(summary.failed, "failed");
  if (out.empty()) return "nothing to read\n";
  return counted(summary.inputs) + (summary.inputs == 1 ? " input: " : " inputs: ") + out + "\n" +
         counts_text(summary.counts) + "\n";
}

// A scenario's marker lies in the path, in a folder above it, or in one below it.
bool is_synthetic(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMaxEntries = 100'000;  // of a walk that only looks for the marker
  if (path == "-") return false;
  std::error_code failed;
  const auto marked = [&](const fs::path& folder) { return fs::exists(folder / kScenarioMarker, failed); };
  for (fs::path folder = fs::absolute(path, failed).lexically_normal(); !failed && folder != folder.parent_path();
       folder = folder.parent_path())
    if (marked(folder)) return true;
  int entries = 0;
  for (auto it = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, failed);
       !failed && it != fs::recursive_directory_iterator() && ++entries < kMaxEntries; it.increment(failed))
    if (it->path().filename() == kScenarioMarker) return true;
  return false;
}

Result<void> list_options(const Arguments& args, ListOptions& list) {
  list.purpose = args.get(kListPurpose);
  if (!list.purpose.empty() &&
      std::find(kListPurposes.begin(), kListPurposes.end(), list.purpose) == kListPurposes.end()) {
    const std::string_view near = nearest(list.purpose, {kListPurposes.begin(), kListPurposes.end()});
    std::string all;
    for (const std::string_view purpose : kListPurposes) (all += all.empty() ? "" : ", ") += purpose;
    return Failure(ErrorCode::kUsage,
                   "no list has the purpose '" + printable(list.purpose) + "'; there are: " + all +
                       (near.empty() ? "" : "\n\n  tip: a similar one exists: '" + std::string(near) + "'"));
  }
  list.name = printable(args.get(kListName));
  if (args.has(kListDate)) {
    const auto date = Timestamp::parse(args.get(kListDate));
    if (!date) return Failure(ErrorCode::kUsage, "invalid value for '--list-date': " + date.error().message);
    list.date = *date;
  }
  list.read = Timestamp::from_seconds(Timestamp::now().us / 1'000'000);
  return {};
}

Result<IngestOptions> options_of(const Arguments& args) {
  IngestOptions options;
  options.format = args.get(kFormatName);
  if (!options.format.empty() && find_format(options.format) == nullptr) {
    std::vector<std::string_view> names;
    for (const Format* format : formats()) names.push_back(format->name);
    const std::string_view near = nearest(options.format, names);
    return Failure(ErrorCode::kUsage, "no format is called '" + options.format + "'\n\n  tip: " +
                                          (near.empty() ? "'rangewatch formats' lists them"
                                                        : "a similar format exists: '" + std::string(near) + "'"));
  }
  options.again = args.has(kAgain);
  options.decode.sensor = args.get(kSensor);
  if (args.has(kDpi)) {
    const std::string_view dpi = args.get(kDpi);
    if (dpi != "on" && dpi != "off") return Failure(ErrorCode::kUsage, "'--dpi' is on or off");
    options.decode.dpi = dpi == "on";
  }
  RW_TRY(list_options(args, options.decode.list));
  RW_ASSIGN(const Settings settings, lake_settings(args));
  options.decode.active_timeout = settings.active_timeout;
  options.decode.idle_timeout = settings.idle_timeout;
  if (args.has(kActive)) {
    RW_ASSIGN(options.decode.active_timeout, args.duration(kActive));
  }
  if (args.has(kIdle)) {
    RW_ASSIGN(options.decode.idle_timeout, args.duration(kIdle));
  }
  if (options.decode.active_timeout < kSecond || options.decode.idle_timeout < kSecond)
    return Failure(ErrorCode::kUsage, "'--active-timeout' and '--idle-timeout' must be at least 1s");
  return options;
}

// Many small commits leave many small files, which slow every question down. What was ingested is safe already, so that
// a failure here is told and changes nothing else.
void merge_small_files(Lake& lake, Console& console) {
  constexpr Duration kAtMost = Duration::seconds(20);  // the next ingest goes on from there
  constexpr Duration kWorthTelling = Duration::seconds(2);
  const Timestamp begin = Timestamp::now();
  const auto report = lake.merge_small_files(kAtMost, [&console] { console.progress("merging small files"); });
  console.progress({});
  if (!report)
    console.note("note: small files were not merged: " + report.error().message);
  else if (Timestamp::now() - begin >= kWorthTelling)
    console.note("merged " + counted(report->files_before) + " small files into " + counted(report->files_after));
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const IngestOptions options, options_of(args));
  const std::vector<std::string>& paths = args.positionals();
  RW_TRY(check_ingest_paths(paths));
  LakeOptions lake_options;
  lake_options.create = true;
  lake_options.write = true;
  lake_options.synthetic = args.has(kSynthetic);
  for (const std::string& path : paths) lake_options.synthetic = lake_options.synthetic || is_synthetic(path);
  RW_ASSIGN(const auto lake, open_lake(args, lake_options));
  const IngestTeller teller(console, IngestTeller::To::kOut);
  RW_ASSIGN(const IngestSummary summary, ingest(*lake, paths, options, teller.hooks()));
  teller.finish(*lake, summary);
  const bool nothing_taken = summary.read + summary.known + summary.extended + summary.partly == 0;
  return summary.failed > 0 || (nothing_taken && summary.skipped > 0) ? 1 : 0;
}

constexpr const Flag* kFlags[] = {&flags::kLake, &kFormatName,  &kAgain,    &kSensor,   &kActive,   &kIdle,
                                  &kDpi,         &kListPurpose, &kListName, &kListDate, &kSynthetic};
constexpr Positional kPositionals[] = {
    {.name = "PATH",
     .doc = "files and folders, plain, compressed or archived; '-' is standard input",
     .required = true,
     .repeatable = true}};
constexpr std::string_view kExamples[] = {"rangewatch ingest captures/ zeek-logs/ flows.pcap.gz",
                                          "zcat conn.log.gz | rangewatch ingest --lake /srv/lake --sensor zeek-1 -",
                                          "rangewatch ingest --list-purpose threat --list-name feed bad-addresses.txt"};

}  // namespace

Result<void> check_ingest_paths(std::span<const std::string> paths) {
  for (const std::string& path : paths)
    if (path != "-" && ::access(path.c_str(), F_OK) != 0)
      return Failure(ErrorCode::kNotFound, "there is no file or folder '" + printable(path) + "'");
  return {};
}

void IngestTeller::say(std::string line) const {
  console_.progress({});
  if (to_ == To::kOut) {
    console_.out(line);
    // Each line is seen when it is true: long ingests are followed by people and by tail -f.
    (void)console_.flush();
    return;
  }
  while (line.ends_with('\n')) line.pop_back();
  console_.note(line);
}

IngestHooks IngestTeller::hooks() const {
  IngestHooks hooks;
  hooks.input = [this](const InputReport& report) {
    if (to_ != To::kErrOnlyTrouble || report.outcome == InputReport::Outcome::kFailed ||
        report.outcome == InputReport::Outcome::kPartly)
      say(report_line(report));
  };
  hooks.progress = [this](const IngestProgress& progress) {
    if (console_.err_is_terminal()) console_.progress(progress_line(progress));
  };
  return hooks;
}

void IngestTeller::finish(Lake& lake, const IngestSummary& summary) const {
  say(summary_line(summary));
  merge_small_files(lake, console_);
}

extern constinit const Command kIngestCommand{
    .name = "ingest",
    .summary = "read files and folders of any known format into the lake",
    .examples = kExamples,
    .doc =
        "Formats are found by content. One line per input says what became of it: read, known (the same content is in "
        "the lake "
        "already), extended (an input that has grown: only what is new was added), skipped (no format fits), partly "
        "(damaged: "
        "what came before the damage was kept) or failed. Records that cannot be read never stop an ingest: they are "
        "counted "
        "by kind and kept in the table 'weird'.\n\n"
        "Exit status 1 when an input failed, or when nothing could be read at all.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
