// The list of detectors: one line for each file.
#include "detect/detector.h"

#include <algorithm>

namespace rw {

extern const Detector kWatchedContactDetector;
extern const Detector kCoinPortDetector;
extern const Detector kIrcPortDetector;

std::span<const Detector* const> detectors() {
  static constexpr const Detector* kDetectors[] = {
      &kWatchedContactDetector,
      &kCoinPortDetector,
      &kIrcPortDetector,
  };
  return kDetectors;
}

const Detector* find_detector(std::string_view id) {
  for (const Detector* detector : detectors())
    if (detector->id == id) return detector;
  return nullptr;
}

std::vector<ThresholdGroup> threshold_groups() {
  std::vector<ThresholdGroup> groups;
  for (const Detector* detector : detectors()) groups.push_back({detector->id, detector->thresholds});
  return groups;
}

Result<std::vector<Finding>> run_detector(Store& store, const Detector& detector, const DetectContext& context) {
  const std::vector<Query> queries = detector.queries(context);
  std::vector<Answer> answers;
  for (const Query& query : queries) {
    RW_ASSIGN(Answer answer, store.run(query));
    answers.push_back(std::move(answer));
  }
  std::vector<Finding> findings = detector.decide(context, answers);
  for (Finding& finding : findings) {
    finding.detector = detector.id;
    finding.title = detector.title;
    finding.evidence.assign(detector.evidence.begin(), detector.evidence.end());
    finding.technique = detector.technique;
    finding.may_be_wrong_because = detector.may_be_wrong_because;
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.first_seen != b.first_seen ? a.first_seen < b.first_seen : a.entities < b.entities;
  });
  return findings;
}

}  // namespace rw
