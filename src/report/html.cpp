// Renderer html: one self-contained page that is complete without scripts and asks nothing of the network.
#include <cctype>

#include "base/quantity.h"
#include "report/figures.h"
#include "report/figures_script.h"
#include "report/json_text.h"
#include "report/renderer.h"
#include "report/units.h"

namespace rw {
namespace {

constexpr int kWide = 880;    // units of the drawings: about the width of the text column in CSS pixels
constexpr int kNarrow = 358;  // a phone's

// For PDF: WeasyPrint reads neither grids nor gaps nor variables inside of a shorthand.
constexpr std::string_view kPaperStyle =
    "html{font-size:9.5pt}body{font-family:\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-size:9.5pt;line-height:1.5}"
    ":root:lang(ja) body{font-family:\"Noto Sans CJK JP\",\"Noto Sans JP\",sans-serif}"
    "h1{font-size:24pt;line-height:1.15}h2{font-size:15pt;line-height:1.25;margin:0 0 4pt;font-weight:700}"
    ".question{font-size:10.5pt;font-style:italic;margin:0 0 8pt}:root:lang(ja) .question{font-style:normal}"
    ".facts{display:flex;flex-wrap:wrap}.facts>div{display:block;width:30%;padding:8pt 3% 8pt 0}"
    ".facts .value{font-size:16pt;font-weight:700;line-height:1.2}"
    ".judgements>li{font-size:11pt;line-height:1.45}.judgements>li::before{font-size:13pt;font-weight:700}"
    ".more{display:block;font-size:8.5pt}.more>*{margin-right:10pt}"
    "table{font-size:7.5pt}th{font-size:7pt}tbody th{font-size:7.5pt}caption{font-size:9pt}"
    "thead th,tbody td,tbody th{padding-right:6pt}code{font-family:\"DejaVu Sans Mono\",monospace;font-size:7.5pt}"
    ".address{font-family:\"DejaVu Sans Mono\",monospace;font-size:7pt}.scope>div{display:inline-block;width:30%;"
    "padding:0 3% 8pt 0;vertical-align:top}summary{display:none}.method dd{margin:0 0 4pt}";

// Whether a space at `at` stands between a number and its unit, which belong on one line.
bool before_unit(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] < '0' || text[at - 1] > '9') return false;
  const std::string_view rest = text.substr(at + 1);
  for (const std::string_view unit : {"%", "B", "kB", "MB", "GB", "TB", "PB", "EB"}) {
    const bool ends = rest.size() == unit.size() ||
                      (rest.size() > unit.size() && !std::isalnum(static_cast<unsigned char>(rest[unit.size()])));
    if (rest.starts_with(unit) && ends) return true;
  }
  return false;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case ' ': out += before_unit(text, i) ? "&nbsp;" : " "; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

bool is_date(std::string_view text) {
  if (text.size() < 10) return false;
  for (std::size_t i = 0; i < 10; ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

// Running text: dates are not broken at their hyphens.
std::string prose(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_date(text.substr(i))) continue;
    out += escaped(text.substr(from, i - from)) + "<span class=\"date\">" + std::string(text.substr(i, 10)) + "</span>";
    i += 9;
    from = i + 1;
  }
  return out + escaped(text.substr(from));
}

std::string wrapped(std::string_view name, const std::string& inner, std::string_view attributes = {}) {
  std::string out = "<";
  out.append(name);
  if (!attributes.empty()) out.append(" ").append(attributes);
  return out.append(">").append(inner).append("</").append(name).append(">");
}

std::string element(std::string_view name, std::string_view text, std::string_view attributes = {}) {
  return wrapped(name, escaped(text), attributes);
}

std::string number_word(const std::string& words) { return element("span", words, "class=\"number\""); }

class Page {
 public:
  Page(const Dossier& dossier, const RenderOptions& options) : dossier_(dossier), options_(options) {}

  Result<RenderedDossier> take() {
    RW_ASSIGN(drawer_, FigureDrawer::start());
    head();
    out_ += "<div class=\"page\">\n";
    masthead();
    facts();
    out_ += "<div class=\"columns\">\n";
    contents();
    out_ += "<main id=\"content\">\n";
    judgements();
    for (const SectionResult& section : dossier_.sections) RW_TRY(write(section));
    scope();
    out_ += "</main>\n</div>\n";
    footer();
    out_ += "</div>\n";
    data();
    out_ += "</body>\n</html>\n";
    return RenderedDossier{std::move(out_), {}};
  }

 private:
  std::string say(std::string_view id, const std::vector<std::string>& args = {}) const {
    return rw::say(dossier_.request.language, id, args);
  }

  std::string kicker() const { return dossier_.about ? dossier_.about->kicker : say("report.dossier"); }

  void head() {
    const std::string title = dossier_.title() + " – " + kicker();
    out_ += "<!DOCTYPE html>\n<html lang=\"" + std::string(to_string(dossier_.request.language)) +
            "\">\n<head>\n<meta charset=\"utf-8\">\n";
    // Nothing may be loaded, and no script runs but the one below.
    out_ += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '" +
            std::string(kFiguresScriptHash) +
            "'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n";
    out_ +=
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
        "content=\"light dark\">\n";
    out_ += "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"generator\" content=\"" +
            escaped("rangewatch " + options_.version) + "\">\n";
    out_ += "<title>" + escaped(title) + "</title>\n<style>";
    out_.append(kDossierStyle).append(options_.print ? kPaperStyle : "").append("</style>\n</head>\n<body>\n");
    out_ += element("a", say("report.skip"), "class=\"skip\" href=\"#content\"") + "\n";
    if (dossier_.synthetic) out_ += element("p", say("report.synthetic"), "class=\"synthetic\" role=\"note\"") + "\n";
  }

  void masthead() {
    out_ += "<header class=\"masthead\">\n" + element("p", kicker(), "class=\"kicker\"") + "\n" +
            element("h1", dossier_.title()) + "\n";
    out_ += "<p class=\"span\">" + wrapped("strong", prose(dossier_.period_text));
    if (!dossier_.comparison_text.empty())
      out_ += escaped(", " + say("report.comparison") + " ") + wrapped("strong", prose(dossier_.comparison_text));
    out_ += "</p>\n</header>\n";
  }

  void facts() {
    std::string items;
    for (const SectionResult& section : dossier_.sections)
      for (const Fact& fact : section.facts) {
        items += "<div>" + element("dt", fact.label) + element("dd", fact.value, "class=\"value\"");
        if (!fact.note.empty()) items += element("dd", fact.note, "class=\"note\"");
        items += "</div>\n";
      }
    if (!items.empty())
      out_ += "<dl class=\"facts\" aria-label=\"" + escaped(say("report.key_numbers")) + "\">\n" + items + "</dl>\n";
  }

  void contents() {
    out_ += "<nav class=\"contents\" aria-label=\"" + escaped(say("report.contents")) + "\">\n" +
            element("h2", say("report.contents")) + "\n<ol>\n";
    const auto item = [&](std::string_view id, const std::string& title) {
      out_ += "<li>" + element("a", title, "href=\"#" + std::string(id) + "\"") + "</li>\n";
    };
    item("judgements", say("report.judgements"));
    for (const SectionResult& section : dossier_.sections) item(section.id, section.title);
    item("scope", dossier_.about ? dossier_.about->scope_title : say("report.scope"));
    out_ += "</ol>\n</nav>\n";
  }

  static std::string dots(Confidence confidence) {
    return confidence == Confidence::kHigh ? "●●●" : confidence == Confidence::kModerate ? "●●○" : "●○○";
  }

  void judgements() {
    out_ += "<section id=\"judgements\" aria-labelledby=\"judgements-title\">\n" +
            element("h2", say("report.judgements"), "id=\"judgements-title\"") + "\n";
    if (dossier_.judgements.empty()) {
      out_ += element("p", say("report.judgements_none"), "class=\"said\"") + "\n</section>\n";
      return;
    }
    out_ += "<ol class=\"judgements\">\n";
    for (const DossierJudgement& j : dossier_.judgements) {
      out_ += "<li id=\"" + escaped(j.id) + "\">" + prose(j.text) +
              "<div class=\"more\"><span><span class=\"dots\" aria-hidden=\"true\">" + dots(j.confidence) + "</span> " +
              escaped(confidence_text(dossier_.request.language, j.confidence)) + "</span>";
      for (const std::string& id : j.sections)
        for (const SectionResult& section : dossier_.sections)
          if (section.id == id) out_ += element("a", section.title, "href=\"#" + id + "\"");
      out_ += "</div></li>\n";
    }
    out_ += "</ol>\n" + element("p", say("report.confidence_explained"), "class=\"aside\"") + "\n</section>\n";
  }

  Result<void> write(const SectionResult& section) {
    const std::string id(section.id);
    out_ += "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-title\">\n" +
            element("h2", section.title, "id=\"" + id + "-title\"") + "\n";
    out_ += element("p", section.question, "class=\"question\"") + "\n";
    for (const std::string& sentence : section.sentences)
      out_ += wrapped("p", prose(sentence), "class=\"said\"") + "\n";
    for (const SectionFigure& figure : section.figures) RW_TRY(draw(figure));
    for (const SectionTable& table : section.tables)
      if (!table.detail) write(table);
    for (const SectionTable& table : section.tables)
      if (table.detail) {
        out_ += "<details open>" + element("summary", table.caption) + "\n";
        write(table);
        out_ += "</details>\n";
      }
    method(section);
    out_ += "</section>\n";
    return {};
  }

  Result<void> draw(const SectionFigure& figure) {
    RW_ASSIGN(const std::string wide, drawer_->draw(figure, {.width = kWide, .variables = !options_.print}));
    std::string narrow;
    if (!options_.print) {
      RW_ASSIGN(narrow, drawer_->draw(figure, {.width = kNarrow, .narrow = true}));
    }
    const std::string number = say("report.figure", {std::to_string(++figures_)});
    out_ += "<figure id=\"" + escaped(figure.id) + "\" data-kind=\"" + escaped(figure.kind) +
            "\">\n<p class=\"title\">" + number_word(number) + escaped(figure.caption) + "</p>\n";
    out_ += "<div class=\"still wide\">" + wide + "</div>\n";
    if (!narrow.empty()) out_ += "<div class=\"still narrow\">" + narrow + "</div>\n";
    out_ += wrapped("figcaption", prose(figure.description)) + "\n</figure>\n";
    figure_data_.set(figure.id, figure.data);
    return {};
  }

  void write(const SectionTable& table) {
    out_ += "<div class=\"table\"><table>\n<caption>" + number_word(say("report.table", {std::to_string(++tables_)})) +
            escaped(table.caption);
    if (static_cast<std::int64_t>(table.rows.size()) < table.total)
      out_ += " " + element("span",
                            "(" +
                                say("report.cut", {group_thousands(static_cast<std::int64_t>(table.rows.size())),
                                                   group_thousands(table.total)}) +
                                ")",
                            "class=\"cut\"");
    out_ += "</caption>\n<thead><tr>";
    for (const TableColumn& column : table.columns)
      out_ += element("th", column.title, is_numeric(column.unit) ? "scope=\"col\" class=\"n\"" : "scope=\"col\"");
    out_ += "</tr></thead>\n<tbody>\n";
    for (const auto& row : table.rows) {
      out_ += "<tr>";
      for (std::size_t c = 0; c < row.size(); ++c) cell(table.columns[c], row[c], c == 0);
      out_ += "</tr>\n";
    }
    out_ += "</tbody>\n</table></div>\n";
  }

  void cell(const TableColumn& column, const Document& value, bool first) {
    std::string kind = is_numeric(column.unit)         ? "n"
                       : column.unit == Unit::kAddress ? "address"
                       : column.unit == Unit::kTime    ? "time"
                       : column.unit == Unit::kDate    ? "date"
                                                       : "";
    if (value.is_null()) kind += kind.empty() ? "unknown" : " unknown";
    std::string attributes = "data-label=\"" + escaped(column.title) + "\"";
    if (!kind.empty()) attributes += " class=\"" + kind + "\"";
    if (first) attributes += " scope=\"row\"";
    out_ += element(first ? "th" : "td", unit_text(value, column.unit), attributes);
  }

  void method(const SectionResult& section) {
    out_ += "<details open>" + element("summary", say("report.method_and_limits")) + "\n<dl class=\"method\">\n";
    const auto item = [&](std::string_view id, const std::string& text) {
      out_ += element("dt", say(id)) + element("dd", text) + "\n";
    };
    item("report.method", section.method);
    item("report.limits", section.limits.empty() || dossier_.volume_limits.empty()
                              ? section.limits + dossier_.volume_limits
                              : section.limits + " " + dossier_.volume_limits);
    out_ += element("dt", say("report.query")) + "<dd>" + element("code", section.query) + "</dd>\n";
    item("report.observations", group_thousands(section.observations));
    out_ += "</dl></details>\n";
  }

  std::string yes_no(const std::optional<bool>& value) const {
    return say(!value ? "report.unknown" : *value ? "report.yes" : "report.no");
  }

  std::string validity(const TimeRange& valid) const {
    const bool begins = valid.from != kAllTime.from, ends = valid.to != kAllTime.to;
    if (begins && ends) return say("report.valid_range", {valid.from.date(), valid.to.date()});
    if (begins) return say("report.valid_from", {valid.from.date()});
    return ends ? say("report.valid_to", {valid.to.date()}) : say("report.valid_always");
  }

  void scope_of(const DossierAbout& about) {
    out_ += "<section id=\"scope\" aria-labelledby=\"scope-title\">\n" +
            element("h2", about.scope_title, "id=\"scope-title\"") + "\n<dl class=\"scope\">\n";
    for (const auto& [label, text] : about.scope)
      out_ += "<div>" + element("dt", label) + element("dd", text) + "</div>\n";
    out_ += "</dl>\n";
    for (const SectionTable& table : about.scope_tables) write(table);
    out_ += "</section>\n";
  }

  void scope() {
    if (dossier_.about) return scope_of(*dossier_.about);
    const Comparability& c = dossier_.comparability;
    out_ += "<section id=\"scope\" aria-labelledby=\"scope-title\">\n" +
            element("h2", say("report.scope"), "id=\"scope-title\"") + "\n<dl class=\"scope\">\n";
    const auto item = [&](std::string_view id, const std::string& text) {
      out_ += "<div>" + element("dt", say(id)) + element("dd", text) + "</div>\n";
    };
    item("report.time_zone", dossier_.subject.time_zone);
    item("report.work_week", dossier_.subject.work_week.to_string());
    if (!dossier_.subject.country.empty()) item("report.country", dossier_.subject.country);
    item("word.observed_days",
         human_number(c.observed_days) +
             (c.comparison_observed_days ? " / " + human_number(*c.comparison_observed_days) : ""));
    item("report.gaps",
         c.gaps.empty() ? say("report.no_gaps") : group_thousands(static_cast<std::int64_t>(c.gaps.size())));
    if (dossier_.request.comparison) {
      item("report.same_exporters", yes_no(c.same_exporters));
      item("report.same_sampling", yes_no(c.same_sampling));
      item("report.comparability", yes_no(c.comparable));
    }
    out_ += "</dl>\n";
    SectionTable table;
    table.caption = say("report.prefixes");
    table.columns = {
        {say("report.prefix"), Unit::kAddress}, {say("report.label"), Unit::kText}, {say("report.valid"), Unit::kText}};
    for (const WatchedPrefix& p : dossier_.subject.prefixes)
      table.rows.push_back({p.prefix.to_string(), p.label.empty() ? Document() : Document(p.label), validity(p.valid)});
    table.total = static_cast<std::int64_t>(table.rows.size());
    write(table);
    if (!c.gaps.empty()) gaps();
    out_ += "</section>\n";
  }

  void gaps() {
    constexpr std::size_t kMostGaps = 30;
    SectionTable table;
    table.caption = say("report.gaps");
    table.columns = {
        {say("report.from_utc"), Unit::kTime}, {say("report.to_utc"), Unit::kTime}, {say("word.hours"), Unit::kHours}};
    for (const TimeRange& gap : dossier_.comparability.gaps) {
      if (table.rows.size() == kMostGaps) break;
      table.rows.push_back({gap.from, gap.to, (gap.to - gap.from).to_seconds() / 3600});
    }
    table.total = static_cast<std::int64_t>(dossier_.comparability.gaps.size());
    write(table);
  }

  void footer() {
    out_ += "<footer>" + element("span", say("report.made_by", {options_.version})) +
            element("button", say("report.save"),
                    "type=\"button\" id=\"save\" hidden data-name=\"" + escaped(dossier_.file_id()) + ".json\"") +
            "</footer>\n";
  }

  void data() {
    if (options_.print) return;
    out_ += "<script type=\"application/json\" id=\"dossier-data\">" +
            json_text(dossier_document(dossier_), JsonStyle::kInHtml) + "</script>\n";
    out_ += "<script type=\"application/json\" id=\"dossier-figures\">" + json_text(figure_data_, JsonStyle::kInHtml) +
            "</script>\n";
    out_ += "<script>";
    out_.append(kFiguresScript).append("</script>\n");
  }

  const Dossier& dossier_;
  const RenderOptions& options_;
  std::unique_ptr<FigureDrawer> drawer_;
  Document figure_data_ = Document::object();
  int figures_ = 0;
  int tables_ = 0;
  std::string out_;
};

Result<RenderedDossier> render(const Dossier& dossier, const RenderOptions& options) {
  return Page(dossier, options).take();
}

}  // namespace

extern constinit const Renderer kHtmlRenderer{
    "html", "html", "the dossier as one page: figures, tables and data in one file, no network needed", render};

}  // namespace rw
