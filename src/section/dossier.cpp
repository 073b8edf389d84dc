// Asks every section and puts the answers into the contract's shape.
#include "section/dossier.h"

namespace rw {
namespace {

Document range_document(const TimeRange& range) {
  Document d = Document::object();
  d.set("from", range.from);
  d.set("to", range.to);
  return d;
}

Document subject_document(const Subject& subject) {
  Document d = Document::object();
  d.set("id", subject.id);
  d.set("name", subject.name);
  d.set("time_zone", subject.time_zone);
  Document prefixes = Document::list();
  for (const WatchedPrefix& p : subject.prefixes) prefixes.push(p.prefix.to_string());
  d.set("prefixes", std::move(prefixes));
  return d;
}

Document comparability_document(const Comparability& c) {
  Document d = Document::object();
  d.set("observed_days", c.observed_days);
  d.set("comparison_observed_days", c.comparison_observed_days);
  Document gaps = Document::list();
  for (const TimeRange& gap : c.gaps) gaps.push(range_document(gap));
  d.set("gaps", std::move(gaps));
  d.set("same_exporters", c.same_exporters);
  d.set("same_sampling", c.same_sampling);
  d.set("comparable", c.comparable);
  return d;
}

Document judgements_document(const std::vector<DossierJudgement>& judgements) {
  Document items = Document::list();
  for (const DossierJudgement& judgement : judgements) {
    Document item = Document::object();
    item.set("id", judgement.id);
    item.set("text", judgement.text);
    item.set("confidence", to_string(judgement.confidence));
    Document names = Document::list();
    for (const std::string& section : judgement.sections) names.push(section);
    item.set("sections", std::move(names));
    items.push(std::move(item));
  }
  Document d = Document::object();
  d.set("items", std::move(items));
  return d;
}

Document section_document(const SectionResult& section, const std::string& volume_limits) {
  Document d = section.numbers;
  d.set("method", section.method);
  d.set("limits", section.limits.empty() || volume_limits.empty() ? volume_limits + section.limits
                                                                  : volume_limits + " " + section.limits);
  d.set("query", section.query);
  d.set("observations", section.observations);
  return d;
}

}  // namespace

Result<Dossier> build_dossier(Store& store, const Subject& subject, const Organisation& organisation,
                              const DossierRequest& request, const std::function<void(std::string_view)>& progress) {
  RW_ASSIGN(const Frame frame, Frame::make(store, subject, organisation, request));
  Dossier dossier;
  dossier.subject = subject;
  dossier.request = request;
  dossier.comparability = frame.comparability();
  dossier.period_text = frame.period_text(request.period);
  if (request.comparison) dossier.comparison_text = frame.period_text(*request.comparison);
  dossier.volume_limits = frame.volume_limits();
  dossier.synthetic = store.synthetic();
  for (const Section* section : sections()) {
    const std::string id(section->id);
    if (progress) progress(frame.say(id + ".title"));
    RW_ASSIGN(SectionResult result, section->build(frame));
    result.id = section->id;
    result.title = frame.say(id + ".title");
    result.question = frame.say(section->question);
    int number = 0;
    for (const KeyJudgement& judgement : result.judgements)
      dossier.judgements.push_back({id + "-" + std::to_string(++number), judgement.text, judgement.confidence, {id}});
    dossier.sections.push_back(std::move(result));
  }
  return dossier;
}

Document dossier_document(const Dossier& dossier) {
  Document d = Document::object();
  d.set("schema", kDossierSchema);
  if (dossier.about) {
    for (const auto& [key, value] : *dossier.about->head.members()) d.set(key, value);
    d.set("key_judgements", judgements_document(dossier.judgements));
    Document parts = Document::object();
    for (const SectionResult& section : dossier.sections)
      parts.set(section.id, section_document(section, dossier.volume_limits));
    d.set("sections", std::move(parts));
    return d;
  }
  d.set("subject", subject_document(dossier.subject));
  d.set("period", range_document(dossier.request.period));
  d.set("comparison", dossier.request.comparison ? range_document(*dossier.request.comparison) : Document());
  d.set("comparability", comparability_document(dossier.comparability));
  d.set("key_judgements", judgements_document(dossier.judgements));
  Document all = Document::object();
  for (const std::string_view key : section_keys()) all.set(key, Document());
  for (const SectionResult& section : dossier.sections)
    all.set(section.id, section_document(section, dossier.volume_limits));
  d.set("sections", std::move(all));
  return d;
}

}  // namespace rw
