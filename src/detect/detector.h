// What a detector is: thresholds with units and defaults, questions to the store, and a decision over the answers.
//
// A detector is one .cpp file that defines one `extern constinit const Detector` and one line in detectors.cpp. History
// and (later) live windows give `decide` the same rows.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "enrich/reference.h"
#include "model/finding.h"
#include "model/subject.h"
#include "model/threshold.h"
#include "store/store.h"

namespace rw {

struct DetectContext {
  std::vector<Subject> subjects;               // may be empty
  Organisation organisation;                   // may be empty
  TimeRange range = kAllTime;                  // of the records' start times
  ThresholdValues thresholds;                  // what holds: defaults, and what the user set
  std::shared_ptr<const Reference> reference;  // lists and scans that hold in `range`; null where none were loaded
};

struct Detector {
  std::string_view id;         // stable, from contract.md
  std::string_view title;      // "TCP to a coin port"
  std::string_view technique;  // ATT&CK, or "" where none fits
  std::string_view may_be_wrong_because;
  std::span<const EvidenceKind> evidence;
  std::span<const Threshold* const> thresholds;  // its kAll in thresholds.h
  const Threshold& quiet_gap;  // one of them: windows of one identity that are closer than this are one finding
  std::string_view doc;        // what it asks and how it decides, for `rangewatch detectors` and the manual
  std::vector<Query> (*queries)(const DetectContext& context);
  // Questions that depend on the first answers, such as a closer look at the few that stood out; null where there are
  // none. Their answers follow the first ones.
  std::vector<Query> (*follow_up)(const DetectContext& context, std::span<const Answer> answers) = nullptr;
  // Answers in the order of the questions. Findings without id, detector and status; title, evidence, technique and
  // may_be_wrong_because are the detector's unless a finding says its own.
  std::vector<Finding> (*decide)(const DetectContext& context, std::span<const Answer> answers);
  // What a bound of its own cut off, a sentence each; null where nothing can be. It is told, and every finding of the
  // run says it too: what is missing could change what one thinks of them.
  std::vector<std::string> (*left_out)(const DetectContext& context, std::span<const Answer> answers,
                                       std::span<const Finding> findings) = nullptr;
};

// What is built in, in the order in which `detect` runs them.
std::span<const Detector* const> detectors();
const Detector* find_detector(std::string_view id);
// The thresholds of each, in the same order: what [detectors] of rangewatch.toml may set.
std::vector<ThresholdGroup> threshold_groups();

// Asks, decides, and returns the findings in order of time. `left_out` gets what was cut off.
Result<std::vector<Finding>> run_detector(Store& store, const Detector& detector, const DetectContext& context,
                                          std::vector<std::string>* left_out = nullptr);

}  // namespace rw
