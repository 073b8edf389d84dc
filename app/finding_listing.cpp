// Findings as table, csv, json and ndjson.
#include "finding_listing.h"

#include <algorithm>

#include "base/quantity.h"
#include "flags.h"
#include "listing.h"
#include "report/json_text.h"

namespace rw {
namespace {

std::string joined_entities(const Finding& finding) {
  std::string text;
  for (const Entity& entity : finding.entities) text += (text.empty() ? "" : " ") + entity.kind + "=" + entity.value;
  return text;
}

std::string joined_evidence(const Finding& finding) {
  std::string text;
  for (const EvidenceKind kind : finding.evidence) text.append(text.empty() ? "" : " ").append(to_string(kind));
  return text;
}

std::string figure_text(const FigureValue& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return std::to_string(*d);
  if (const auto* t = std::get_if<std::string>(&value)) return *t;
  return "";
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string joined_figures(const Finding& finding) {
  std::string text;
  for (const Figure& figure : finding.figures)
    text += (text.empty() ? "" : " ") + figure.name + "=" + figure_text(figure.value);
  return text;
}

void print_table(const std::vector<Finding>& findings, std::uint64_t total, AnswerWriter writer) {
  writer.begin(
      {{"id"}, {"status"}, {"severity"}, {"confidence"}, {"detector"}, {"first_seen"}, {"last_seen"}, {"summary"}});
  for (const Finding& f : findings)
    writer.add({f.id, std::string(to_string(f.status)), std::string(to_string(f.severity)),
                std::string(to_string(f.confidence)), f.detector, f.first_seen.date(), f.last_seen.date(), f.summary});
  writer.finish(total);
}

void print_csv(const std::vector<Finding>& findings, AnswerWriter writer) {
  writer.begin({{"id"},
                {"detector"},
                {"title"},
                {"first_seen"},
                {"last_seen"},
                {"entities"},
                {"severity"},
                {"confidence"},
                {"evidence"},
                {"technique"},
                {"summary"},
                {"may_be_wrong_because"},
                {"figures"},
                {"observations"},
                {"status"}});
  for (const Finding& f : findings)
    writer.add({f.id, f.detector, f.title, f.first_seen, f.last_seen, joined_entities(f),
                std::string(to_string(f.severity)), std::string(to_string(f.confidence)), joined_evidence(f),
                f.technique.empty() ? Value(Null{}) : Value(f.technique), f.summary, f.may_be_wrong_because,
                joined_figures(f), f.observations.query, std::string(to_string(f.status))});
  writer.finish();
}

}  // namespace

void print_findings(const std::vector<Finding>& findings, std::uint64_t total, const Arguments& args,
                    Console& console) {
  const std::string_view format = args.get(flags::kFormat);
  if (format == "json") {
    console.out("{\"items\": [");
    for (std::size_t i = 0; i < findings.size(); ++i)
      console.out((i == 0 ? "\n" : ",\n") + json_text(finding_document(findings[i]), JsonStyle::kCompact));
    console.out(std::string(findings.empty() ? "" : "\n") + "], \"total\": " + std::to_string(total) + "}\n");
  } else if (format == "ndjson") {
    for (const Finding& finding : findings)
      console.out(json_text(finding_document(finding), JsonStyle::kCompact) + "\n");
  } else if (format == "csv") {
    print_csv(findings, listing_writer(args, console));
  } else {
    print_table(findings, total, listing_writer(args, console));
  }
}

std::string finding_for_people(const Finding& f) {
  std::string text = f.title + "\n\n" + f.summary + "\n\n";
  const auto line = [&](std::string_view name, const std::string& value) {
    text.append(name).append(name.size() < 22 ? 22 - name.size() : 1, ' ').append(value).append("\n");
  };
  line("id", f.id);
  line("detector", f.detector);
  line("status", std::string(to_string(f.status)) + (f.review_note.empty() ? "" : " (" + f.review_note + ")"));
  line("severity", std::string(to_string(f.severity)));
  line("confidence", std::string(to_string(f.confidence)));
  line("evidence", joined_evidence(f));
  if (!f.technique.empty()) line("technique", "ATT&CK " + f.technique);
  line("first seen", f.first_seen.to_string());
  line("last seen", f.last_seen.to_string());
  for (const Entity& entity : f.entities) line("entity", entity.kind + " " + entity.value);
  for (const Figure& figure : f.figures) {
    const auto* number = std::get_if<std::int64_t>(&figure.value);
    const bool bytes = figure.name.ends_with("bytes");
    line(spaced(figure.name), number == nullptr ? figure_text(figure.value)
                              : bytes           ? human_bytes(static_cast<double>(*number))
                                                : group_thousands(*number));
  }
  text += "\nIt may be wrong because " + f.may_be_wrong_because + ".\n\nLook at its " +
          group_thousands(f.observations.count) + " records with:\n  " + f.observations.query + "\n";
  return text;
}

}  // namespace rw
