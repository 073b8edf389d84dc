// From rows of flows per pair, day and sensor to episodes: what several detectors share.
#pragma once

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
};

// A key column's value as text: addresses, labels, names.
std::string key_text(const Value& value);

// "1 flow", "1,204 flows".
std::string counted(std::int64_t n, std::string_view thing);

// Measures that every question of these detectors asks for beside its keys. `peer`: the address to count, or null.
std::vector<Measure> episode_measures(ExprPtr peer);
// The keys "day" and "sensor" that go with them.
std::vector<Named> episode_keys(std::vector<Named> keys);
// Rows per detector run that one answer may bring into memory; the largest by bytes are kept.
inline constexpr std::uint64_t kMostEpisodeRows = 500'000;

// `keys`: how many of each answer's first columns are the episode's key. Where several sensors saw the same day, the
// one that saw most bytes is taken, so that one connection never counts twice.
std::vector<Episode> episodes_of(std::span<const Answer> answers, std::size_t keys, Duration quiet_gap);

// Conditions on flows.
ExprPtr tcp_to_ports(const std::vector<std::int64_t>& ports, double minimum_source_port, double minimum_packets);

// The finding's window and the figures that each episode has.
Finding finding_of(const Episode& episode, std::vector<Entity> entities, std::string query);

// The command with which a person sees the flows of an episode: its window, to whole seconds.
std::string episode_command(std::string_view filter, const Episode& episode);

}  // namespace rw
