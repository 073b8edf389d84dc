// The whole dossier: every section's answer for one subject, period and comparison, ready for any renderer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/subject.h"
#include "section/frame.h"
#include "section/section.h"

namespace rw {

inline constexpr int kDossierSchema = 1;

struct DossierJudgement {
  std::string id;  // "activity-1": stable while the section says the same kind of thing
  std::string text;
  Confidence confidence = Confidence::kLow;
  std::vector<std::string> sections;
};

struct Dossier {
  Subject subject;
  DossierRequest request;
  Comparability comparability;
  std::string period_text;      // for people, in local dates where the ends are local midnights
  std::string comparison_text;  // "" without a comparison
  std::string volume_limits;    // of every number that is a volume
  std::vector<DossierJudgement> judgements;
  std::vector<SectionResult> sections;
  bool synthetic = false;  // the lake holds scenario data
};

// kUsage: an unknown zone or an empty period; otherwise the store's errors. `progress` is told each section's title.
Result<Dossier> build_dossier(Store& store, const Subject& subject, const Organisation& organisation,
                              const DossierRequest& request,
                              const std::function<void(std::string_view)>& progress = {});

// The contract's JSON (contract.md, "The dossier") as a tree. Sections that are not built in are null.
Document dossier_document(const Dossier& dossier);

}  // namespace rw
