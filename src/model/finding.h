// What a detector concluded, with its evidence (contract.md, "A finding").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rw {

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh };
enum class Confidence : std::uint8_t { kLow, kModerate, kHigh };
enum class FindingStatus : std::uint8_t { kNew, kConfirmed, kDismissed };
enum class EvidenceKind : std::uint8_t { kPayload, kBehaviour, kList, kPort };

std::string_view to_string(Severity value);
std::string_view to_string(Confidence value);
std::string_view to_string(FindingStatus value);
std::string_view to_string(EvidenceKind value);
// Usage errors name the words that are allowed.
Result<Severity> parse_severity(std::string_view text);
Result<Confidence> parse_confidence(std::string_view text);
Result<FindingStatus> parse_finding_status(std::string_view text);
Result<EvidenceKind> parse_evidence_kind(std::string_view text);

// Whom a finding is about: kind "address", "watched_address", "subject", "coin" …
struct Entity {
  std::string kind;
  std::string value;
  friend auto operator<=>(const Entity&, const Entity&) = default;
};

// A measured number or text of the finding; monostate is unknown.
using FigureValue = std::variant<std::monostate, std::int64_t, double, std::string>;
struct Figure {
  std::string name;  // snake_case, base units: bytes, flows, peers
  FigureValue value;
  friend bool operator==(const Figure&, const Figure&) = default;
};

// The question whose answer the finding rests on, as a command that a person can repeat, and how many records answered
// it.
struct Observations {
  std::string query;
  std::int64_t count = 0;
  friend bool operator==(const Observations&, const Observations&) = default;
};

struct Finding {
  std::string id;  // identity, with "-2", "-3" … for later episodes of the same identity; set by the findings store
  std::string detector;  // stable id, e.g. "coin-port"
  std::string title;
  Timestamp first_seen;
  Timestamp last_seen;
  std::vector<Entity> entities;
  Severity severity = Severity::kInfo;
  Confidence confidence = Confidence::kLow;
  std::vector<EvidenceKind> evidence;
  std::string technique;  // ATT&CK id, or "" where none fits
  std::string summary;
  std::string may_be_wrong_because;
  std::vector<Figure> figures;
  Observations observations;
  FindingStatus status = FindingStatus::kNew;
  std::string review_note;  // why it was confirmed or dismissed; kept, not part of the contract's JSON

  friend bool operator==(const Finding&, const Finding&) = default;
};

// 16 hex digits over the detector and the entities (in any order): the same on every machine and in every run.
std::string finding_identity(std::string_view detector, std::vector<Entity> entities);

}  // namespace rw
