// From rows of flows per pair, day and sensor to episodes: what several detectors share.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/finding.h"
#include "store/query.h"
#include "store/value.h"

namespace rw {

// Connected activity of one key (the entities of a finding), between two pauses of at least the quiet gap.
struct Episode {
  std::vector<std::string> key;
  Timestamp first;
  Timestamp last;
  std::int64_t flows = 0;
  std::int64_t answered = 0;  // flows that the responder answered
  std::int64_t bytes = 0;
  std::uint32_t answers = 0;  // bit n: the n-th answer had rows of it
  std::int64_t peers = 0;     // most in one day; distinct counts of days cannot be added
  std::vector<double> extra;  // what a detector measures beside these, in the order of its ExtraMeasures
};

// A measure that one detector asks for beside those of every episode, and how days of it become an episode's.
struct ExtraMeasure {
  enum class Merge : std::uint8_t { kSum, kMost };
  Measure measure;
  Merge merge = Merge::kSum;
};

// A key column's value as text: addresses, labels, names, whole numbers.
std::string key_text(const Value& value);

// "1 flow", "1,204 flows".
std::string counted(std::int64_t n, std::string_view thing);

// Measures that every question of these detectors asks for beside its keys. `peer`: the address to count, or null.
std::vector<Measure> episode_measures(ExprPtr peer, std::span<const ExtraMeasure> extra = {});
// The keys "day" and "sensor" that go with them.
std::vector<Named> episode_keys(std::vector<Named> keys);
// Rows per detector run that one answer may bring into memory; the largest by bytes are kept.
inline constexpr std::uint64_t kMostEpisodeRows = 500'000;

// The question that these detectors ask: flows where `where` holds, by `keys`, day and sensor.
Query episode_query(TimeRange range, ExprPtr where, std::vector<Named> keys, ExprPtr peer,
                    std::span<const ExtraMeasure> extra = {});

// The same of a table of events: when a row is, when it ends, whether the far end answered, and its amount (bytes,
// messages), which stands where flows have bytes.
struct EventTable {
  std::string_view table;
  std::string_view time = "time";
  std::string_view end = "time";
  ExprPtr answered;
  ExprPtr amount;
};
Query event_query(const EventTable& events, TimeRange range, ExprPtr where, std::vector<Named> keys, ExprPtr peer,
                  std::span<const ExtraMeasure> extra = {});

// `keys`: how many of each answer's first columns are the episode's key. Where several sensors saw the same day, the
// one that saw most bytes is taken, so that one connection never counts twice.
std::vector<Episode> episodes_of(std::span<const Answer> answers, std::size_t keys, Duration quiet_gap,
                                 std::span<const ExtraMeasure> extra = {});
// The same before days become episodes: each key's days as their best sensor saw them.
std::map<std::vector<std::string>, std::map<Timestamp, Episode>> episode_days(std::span<const Answer> answers,
                                                                              std::size_t keys,
                                                                              std::span<const ExtraMeasure> extra = {});

// Conditions on flows.
ExprPtr tcp_to_ports(const std::vector<std::int64_t>& ports, double minimum_source_port, double minimum_packets);

// The finding's window and the figures that each episode has.
Finding finding_of(const Episode& episode, std::vector<Entity> entities, std::string query);

// Findings about the same entities that are closer than the quiet gap are one: the gravest says what it is, windows,
// flows, answered flows, bytes, observations and kinds of evidence are added.
std::vector<Finding> joined_findings(std::vector<Finding> findings, Duration quiet_gap);

// The command with which a person sees the flows of an episode: its window, to whole seconds.
std::string episode_command(std::string_view filter, const Episode& episode);

}  // namespace rw
