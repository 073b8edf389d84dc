// One question of the dossier, answered with numbers, tables, figures and sentences, with its method and its limits.
//
// A section is one .cpp file that defines one `const Section` and one line in sections.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/document.h"
#include "model/finding.h"
#include "section/frame.h"

namespace rw {

// How a renderer for people shows a column's values.
enum class Unit : std::uint8_t { kText, kAddress, kBytes, kCount, kShare, kRatio, kPercent, kTime, kDate, kHours };

struct TableColumn {
  std::string title;
  Unit unit = Unit::kText;
};

struct SectionTable {
  std::string caption;
  std::vector<TableColumn> columns;
  std::vector<std::vector<Document>> rows;
  std::int64_t total = 0;  // rows that there would be without the cut
  bool detail = false;     // says what a figure shows already: told where there is room
};

// A figure as ui/src/figures draws it: `kind` picks the option, `data` is its input.
struct SectionFigure {
  std::string id;
  std::string kind;
  std::string caption;
  std::string description;  // what a reader who cannot see it should know
  Document data;
};

// One number for the head of the page.
struct Fact {
  std::string value;
  std::string label;
  std::string note;
};

struct KeyJudgement {
  std::string text;
  Confidence confidence = Confidence::kLow;
};

struct SectionResult {
  std::string_view id;
  std::string title;
  std::string question;
  Document numbers = Document::object();  // the keys of contract.md, without method, limits, query, observations
  std::string method;
  std::string limits;  // of this section alone; what all volumes have in common is Dossier::volume_limits
  std::string query;
  std::int64_t observations = 0;
  std::vector<Fact> facts;
  std::vector<std::string> sentences;
  std::vector<SectionTable> tables;
  std::vector<SectionFigure> figures;
  std::vector<KeyJudgement> judgements;
};

struct Section {
  std::string_view id;        // the key in contract.md
  std::string_view question;  // text id, see texts.cpp
  std::string_view doc;       // one line for `rangewatch sections` and the manual
  Result<SectionResult> (*build)(const Frame& frame);
};

// What is built in, in the order in which a dossier shows it.
std::span<const Section* const> sections();
// Every key under `sections` in contract.md, in its order, built in or not.
std::span<const std::string_view> section_keys();

}  // namespace rw
