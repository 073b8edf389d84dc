// Reads and writes rangewatch.toml.
#include "model/settings.h"

#include <cmath>
#include <utility>

#include "base/quantity.h"
#include "model/toml_file.h"

namespace rw {
namespace {

constexpr std::int64_t kMaxRetentionMonths = 1200;  // a century: more is a typing error
constexpr std::int64_t kLeastMemory = 64 << 20;     // below this the engine cannot hold its own buffers
constexpr std::int64_t kMaxThreads = 1024;

void read_size(TomlTable& table, std::string_view key, std::uint64_t& out) {
  const auto text = table.text(key);
  if (!text) return;
  const auto bytes = parse_count(*text);
  if (!bytes)
    table.problem(key, "'" + *text + "' is not a size such as \"512M\", \"2G\" (decimal) or \"2Gi\" (binary)");
  else if (*bytes < kLeastMemory)
    table.problem(key, "'" + std::string(key) + "' must be at least \"64Mi\"");
  else
    out = static_cast<std::uint64_t>(*bytes);
}

void read_timeout(TomlTable& table, std::string_view key, Duration& out) {
  const auto value = table.duration(key);
  if (!value) return;
  if (*value < kSecond)
    table.problem(key, "'" + std::string(key) + "' must be at least 1s");
  else
    out = *value;
}

// A TOML basic string (TOML 1.0, "String").
std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7F)
      (((out += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15]);
    else
      out += c;
  }
  return out + '"';
}

// "7d", "90s": the largest unit that divides it; without one, decimals of a second.
std::string duration_text(double seconds) {
  static constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {
      {86'400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  const auto whole = static_cast<std::int64_t>(seconds);
  if (static_cast<double>(whole) == seconds && whole > 0)
    for (const auto& [size, name] : kUnits)
      if (whole % size == 0) return std::to_string(whole / size) + std::string(name);
  return std::to_string(seconds) + "s";
}

// As the file writes it: whole numbers without a fraction, durations in quotes.
std::string threshold_text(const Threshold& threshold, double value) {
  if (threshold.unit == kDurationUnit) return quoted(duration_text(value));
  std::string number = std::to_string(static_cast<std::int64_t>(value));
  if (value != std::floor(value)) {
    number = std::to_string(value);  // six digits: what a person sets has fewer
    number.erase(number.find_last_not_of('0') + 1);
  }
  return number;
}

void read_threshold(TomlTable& table, const Threshold& threshold, ThresholdValues& out) {
  std::optional<double> value;
  if (threshold.unit == kDurationUnit) {
    if (const auto duration = table.duration(threshold.name)) value = static_cast<double>(duration->us) / 1e6;
  } else if (threshold.whole) {
    if (const auto number = table.integer(threshold.name)) value = static_cast<double>(*number);
  } else {
    value = table.real(threshold.name);
  }
  if (!value) return;
  if (*value >= threshold.least && *value <= threshold.most) {  // neither holds for TOML's nan
    out.set(threshold, *value);
    return;
  }
  table.problem(threshold.name, "'" + std::string(threshold.name) + "' must be from " +
                                    threshold_text(threshold, threshold.least) + " to " +
                                    threshold_text(threshold, threshold.most));
}

void read_thresholds(TomlTable& root, ThresholdGroups detectors, ThresholdValues& out) {
  if (detectors.empty()) {
    root.leave_to_others("detectors");
    return;
  }
  auto all = root.table("detectors");
  if (!all) return;
  for (const ThresholdGroup& group : detectors)
    if (auto table = all->table(group.detector))
      for (const Threshold* threshold : group.thresholds) read_threshold(*table, *threshold, out);
}

Result<Settings> read_from(TomlFile file, ThresholdGroups detectors) {
  Settings settings;
  TomlTable root = file.root();
  if (auto lake = root.table("lake")) {
    if (const auto months = lake->integer("retention_months")) {
      if (*months < 1 || *months > kMaxRetentionMonths)
        lake->problem("retention_months", "'retention_months' must be from 1 to 1200");
      settings.retention_months = *months;
    }
  }
  if (auto query = root.table("query")) {
    read_size(*query, "memory", settings.memory_bytes);
    if (const auto threads = query->integer("threads")) {
      if (*threads < 1 || *threads > kMaxThreads)
        query->problem("threads", "'threads' must be from 1 to 1024");
      else
        settings.threads = static_cast<unsigned>(*threads);
    }
  }
  if (auto ingest = root.table("ingest")) {
    read_timeout(*ingest, "active_timeout", settings.active_timeout);
    read_timeout(*ingest, "idle_timeout", settings.idle_timeout);
  }
  read_thresholds(root, detectors, settings.thresholds);
  settings.organisation = organisation_from(root);
  settings.mail = mail_settings_from(root);
  RW_TRY(file.finish());
  return settings;
}

template <typename List, typename Text>
std::string list_line(std::string_view key, const List& list, const Text& text) {
  std::string out(key);
  out += " = [";
  bool first = true;
  for (const auto& item : list) {
    out += (first ? "" : ", ") + quoted(text(item));
    first = false;
  }
  return out + "]\n";
}

std::string seconds(Duration duration) { return quoted(std::to_string(duration.us / 1'000'000) + "s"); }

std::string organisation_toml(const Organisation& organisation) {
  const auto same = [](const std::string& text) { return text; };
  const auto shown = [](const auto& value) { return value.to_string(); };
  std::string out = "\n# Who is defended.\n[organisation]\n";
  out += list_line("prefixes", organisation.prefixes, shown);
  out += list_line("domains", organisation.domains, same);
  out += list_line("resolvers", organisation.resolvers, shown);
  for (const VpnService& vpn : organisation.vpn) {
    out += "\n# One of its own VPN services.\n[[organisation.vpn]]\nname = " + quoted(vpn.name) +
           "\nprotocol = " + quoted(vpn.protocol) + "\n";
    out += list_line("endpoints", vpn.endpoints, same);
  }
  return out;
}

// "An episode with fewer is no finding; flows, from 1 to 1000000000."
std::string threshold_toml(const Threshold& threshold, const ThresholdValues& values) {
  std::string doc(threshold.doc);
  if (doc[0] >= 'a' && doc[0] <= 'z') doc[0] = static_cast<char>(doc[0] - 'a' + 'A');
  std::string bounds =
      "from " + threshold_text(threshold, threshold.least) + " to " + threshold_text(threshold, threshold.most);
  if (threshold.unit != kDurationUnit) bounds = std::string(threshold.unit) + ", " + bounds;
  return "# " + doc + " (" + bounds + ").\n" + std::string(threshold.name) + " = " +
         threshold_text(threshold, values[threshold]) + "\n";
}

std::string detectors_toml(const ThresholdValues& values, ThresholdGroups detectors) {
  std::string out;
  for (const ThresholdGroup& group : detectors) {
    out += "\n[detectors." + std::string(group.detector) + "]\n";
    for (const Threshold* threshold : group.thresholds) out += threshold_toml(*threshold, values);
  }
  return out;
}

}  // namespace

Result<Settings> read_settings(const std::string& path, ThresholdGroups detectors) {
  auto file = TomlFile::read(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return Settings{};
  if (!file) return Failure(file.error());
  return read_from(std::move(*file), detectors);
}

Result<Settings> parse_settings(std::string toml, const std::string& name, ThresholdGroups detectors) {
  RW_ASSIGN(TomlFile file, TomlFile::parse(std::move(toml), name));
  return read_from(std::move(file), detectors);
}

std::string settings_toml(const Settings& settings, ThresholdGroups detectors) {
  std::string out = "[lake]\n# Months that 'rangewatch lake drop' keeps.\n";
  out += "retention_months = " + std::to_string(settings.retention_months) + "\n\n[query]\n";
  out += "# Memory beyond which queries spill to disk; without it half of the machine's, at most 8 GiB.\n";
  out += settings.memory_bytes > 0 ? "memory = \"" + std::to_string(settings.memory_bytes) + "\"\n"
                                   : "# memory = \"2G\"\n";
  out += "# Threads for queries; without it all cores.\n";
  out += settings.threads > 0 ? "threads = " + std::to_string(settings.threads) + "\n" : "# threads = 2\n";
  out += "\n[ingest]\n# A flow assembled from packets that goes on is told in pieces of at most this …\n";
  out += "active_timeout = " + seconds(settings.active_timeout) + "\n# … and it ends after this much silence.\n";
  out += "idle_timeout = " + seconds(settings.idle_timeout) + "\n";
  return out + organisation_toml(settings.organisation) + mail_settings_toml(settings.mail) +
         detectors_toml(settings.thresholds, detectors);
}

}  // namespace rw
