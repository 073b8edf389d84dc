// The whole dossier: every section's answer for one subject, period and comparison, ready for any renderer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
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

// What a dossier is about when that is no subject: the mail of a domain.
struct DossierAbout {
  std::string id;      // how files may be called: "example.org"
  std::string kicker;  // the line above the title: "Mail report"
  std::string title;
  std::string scope_title;                                 // of the last section
  std::vector<std::pair<std::string, std::string>> scope;  // what was looked at, and how: label, text
  std::vector<SectionTable> scope_tables;
  Document head = Document::object();  // what the data begin with: "report", "domain", "period"
};

struct Dossier {
  Subject subject;
  std::optional<DossierAbout> about;  // set: this in place of the subject
  DossierRequest request;
  Comparability comparability;
  std::string period_text;      // for people, in local dates where the ends are local midnights
  std::string comparison_text;  // "" without a comparison
  std::string volume_limits;    // of every number that is a volume; "" where there are no volumes
  std::vector<DossierJudgement> judgements;
  std::vector<SectionResult> sections;
  bool synthetic = false;  // the lake holds scenario data

  const std::string& title() const { return about ? about->title : subject.name; }
  const std::string& file_id() const { return about ? about->id : subject.id; }
};

// kUsage: an unknown zone or an empty period; otherwise the store's errors. `progress` is told each section's title.
Result<Dossier> build_dossier(Store& store, const Subject& subject, const Organisation& organisation,
                              const DossierRequest& request,
                              const std::function<void(std::string_view)>& progress = {});

// The contract's JSON (contract.md, "The dossier") as a tree. Sections that are not built in are null. With `about`:
// its head, the judgements, and the sections that are there.
Document dossier_document(const Dossier& dossier);

}  // namespace rw
