// The list of detectors: one line for each file.
#include "detect/detector.h"

#include <algorithm>

namespace rw {

extern const Detector kWatchedContactDetector;
extern const Detector kCoinPortDetector;
extern const Detector kIrcPortDetector;
extern const Detector kDnsTunnelDetector;
extern const Detector kMiningPoolDetector;
extern const Detector kCoinNodeDetector;
extern const Detector kTorDetector;
extern const Detector kIrcDetector;
extern const Detector kProxyDetector;
extern const Detector kVpnDetector;
extern const Detector kExposedServiceDetector;
extern const Detector kLegacyPluginDetector;
extern const Detector kBeaconDetector;
extern const Detector kListMatchDetector;
extern const Detector kImpersonationDetector;
extern const Detector kWeakPolicyDetector;
extern const Detector kCourtshipDetector;
extern const Detector kSpoofingDetector;

std::span<const Detector* const> detectors() {
  // clang-format off
  static constexpr const Detector* kDetectors[] = {
      &kWatchedContactDetector,
      &kCoinPortDetector,
      &kIrcPortDetector,
      &kDnsTunnelDetector,
      &kMiningPoolDetector,
      &kCoinNodeDetector,
      &kTorDetector,
      &kIrcDetector,
      &kProxyDetector,
      &kVpnDetector,
      &kExposedServiceDetector,
      &kLegacyPluginDetector,
      &kBeaconDetector,
      &kListMatchDetector,
      &kImpersonationDetector,
      &kWeakPolicyDetector,
      &kCourtshipDetector,
      &kSpoofingDetector,
  };
  // clang-format on
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

Result<std::vector<Finding>> run_detector(Store& store, const Detector& detector, const DetectContext& context,
                                          std::vector<std::string>* left_out) {
  std::vector<Answer> answers;
  const auto ask = [&](const std::vector<Query>& queries) -> Result<void> {
    for (const Query& query : queries) {
      RW_ASSIGN(Answer answer, store.run(query));
      answers.push_back(std::move(answer));
    }
    return {};
  };
  RW_TRY(ask(detector.queries(context)));
  if (detector.follow_up != nullptr) RW_TRY(ask(detector.follow_up(context, answers)));
  std::vector<Finding> findings = detector.decide(context, answers);
  std::vector<std::string> cut;
  if (detector.left_out != nullptr) cut = detector.left_out(context, answers, findings);
  for (Finding& finding : findings) {
    finding.detector = detector.id;
    if (finding.title.empty()) finding.title = detector.title;
    if (finding.evidence.empty()) finding.evidence.assign(detector.evidence.begin(), detector.evidence.end());
    if (finding.technique.empty()) finding.technique = detector.technique;
    if (finding.may_be_wrong_because.empty()) finding.may_be_wrong_because = detector.may_be_wrong_because;
    for (const std::string& sentence : cut) finding.may_be_wrong_because += " " + sentence;
  }
  if (left_out != nullptr) *left_out = std::move(cut);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.first_seen != b.first_seen ? a.first_seen < b.first_seen : a.entities < b.entities;
  });
  return findings;
}

}  // namespace rw
