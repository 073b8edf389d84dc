// The words of findings and their identity.
#include "model/finding.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

namespace rw {
namespace {

constexpr std::array<std::string_view, 4> kSeverities = {"info", "low", "medium", "high"};
constexpr std::array<std::string_view, 3> kConfidences = {"low", "moderate", "high"};
constexpr std::array<std::string_view, 3> kStatuses = {"new", "confirmed", "dismissed"};
constexpr std::array<std::string_view, 4> kEvidenceKinds = {"payload", "behaviour", "list", "port"};

template <typename E>
Result<E> parse_word(std::string_view text, std::span<const std::string_view> words, std::string_view what) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == text) return static_cast<E>(i);
  std::string message = "'" + std::string(text) + "' is not a " + std::string(what) + "; use one of:";
  for (const std::string_view word : words) message += " " + std::string(word);
  return Failure(ErrorCode::kUsage, std::move(message));
}

// FNV-1a, 64 bits: stable across machines and releases, which is all an identity needs (nobody gains by a collision
// here).
class StableHash {
 public:
  void add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(0);  // so that ("ab", "c") and ("a", "bc") differ
  }
  std::uint64_t value() const { return state_; }

 private:
  void step(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001B3ULL; }
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

}  // namespace

std::string_view to_string(Severity value) { return kSeverities[static_cast<std::size_t>(value)]; }
std::string_view to_string(Confidence value) { return kConfidences[static_cast<std::size_t>(value)]; }
std::string_view to_string(FindingStatus value) { return kStatuses[static_cast<std::size_t>(value)]; }
std::string_view to_string(EvidenceKind value) { return kEvidenceKinds[static_cast<std::size_t>(value)]; }

Result<Severity> parse_severity(std::string_view text) { return parse_word<Severity>(text, kSeverities, "severity"); }
Result<Confidence> parse_confidence(std::string_view text) {
  return parse_word<Confidence>(text, kConfidences, "confidence");
}
Result<FindingStatus> parse_finding_status(std::string_view text) {
  return parse_word<FindingStatus>(text, kStatuses, "status");
}
Result<EvidenceKind> parse_evidence_kind(std::string_view text) {
  return parse_word<EvidenceKind>(text, kEvidenceKinds, "kind of evidence");
}

std::string finding_identity(std::string_view detector, std::vector<Entity> entities) {
  std::sort(entities.begin(), entities.end());
  StableHash hash;
  hash.add(detector);
  for (const Entity& entity : entities) {
    hash.add(entity.kind);
    hash.add(entity.value);
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
  return text;
}

}  // namespace rw
