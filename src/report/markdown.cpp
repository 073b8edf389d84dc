// Renderer md: the dossier as Markdown, with its figures as SVG files beside it.
#include "base/quantity.h"
#include "report/figures.h"
#include "report/renderer.h"
#include "report/units.h"

namespace rw {
namespace {

// Text of ours and of the lake, so that nothing in it becomes markup.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else {
      if (std::string_view("\\`*_{}[]|#!~").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string code(std::string_view text) {
  std::string out = "`` ";
  for (const char c : text) out += c == '`' ? '\'' : c == '\n' ? ' ' : c;
  return out + " ``";
}

class Page {
 public:
  Page(const Dossier& dossier, const RenderOptions& options) : dossier_(dossier), options_(options) {}

  Result<RenderedDossier> take() {
    if (!options_.files_stem.empty()) {
      RW_ASSIGN(drawer_, FigureDrawer::start());
    }
    head();
    judgements();
    for (const SectionResult& section : dossier_.sections) RW_TRY(write(section));
    line("---");
    line();
    line(plain(say("report.made_by", {options_.version})));
    return std::move(rendered_);
  }

 private:
  std::string say(std::string_view id, const std::vector<std::string>& args = {}) const {
    return rw::say(dossier_.request.language, id, args);
  }
  void line(std::string_view text = {}) { rendered_.text.append(text).append("\n"); }
  void paragraph(std::string_view text) {
    line(text);
    line();
  }

  void head() {
    paragraph("# " + plain(dossier_.title()));
    if (dossier_.synthetic) paragraph("> **" + plain(say("report.synthetic")) + "**");
    std::string period = "**" + say("report.period") + "** " + dossier_.period_text;
    if (!dossier_.comparison_text.empty()) period += ", " + say("report.comparison") + " " + dossier_.comparison_text;
    if (dossier_.about) {
      paragraph(period);
      for (const auto& [label, text] : dossier_.about->scope) line("- " + plain(label) + ": " + plain(text));
      line();
      return;
    }
    paragraph(period + " (" + plain(dossier_.subject.time_zone) + ")");
    for (const WatchedPrefix& p : dossier_.subject.prefixes)
      line("- " + p.prefix.to_string() + (p.label.empty() ? "" : " – " + plain(p.label)));
    line();
  }

  void judgements() {
    paragraph("## " + say("report.judgements"));
    if (dossier_.judgements.empty()) paragraph(plain(say("report.judgements_none")));
    int number = 0;
    for (const DossierJudgement& j : dossier_.judgements)
      line(std::to_string(++number) + ". " + plain(j.text) + " *(" +
           plain(confidence_text(dossier_.request.language, j.confidence)) + ")*");
    line();
  }

  Result<void> write(const SectionResult& section) {
    paragraph("## " + plain(section.title));
    paragraph("*" + plain(section.question) + "*");
    for (const std::string& sentence : section.sentences) paragraph(plain(sentence));
    for (const SectionFigure& figure : section.figures) RW_TRY(draw(figure));
    for (const SectionTable& table : section.tables) write(table);
    paragraph("**" + say("report.method") + ".** " + plain(section.method));
    paragraph("**" + say("report.limits") + ".** " +
              plain(section.limits.empty() || dossier_.volume_limits.empty()
                        ? dossier_.volume_limits + section.limits
                        : dossier_.volume_limits + " " + section.limits));
    paragraph("**" + say("report.query") + ".** " + code(section.query) + " (" + say("report.observations") + ": " +
              group_thousands(section.observations) + ")");
    return {};
  }

  Result<void> draw(const SectionFigure& figure) {
    if (drawer_) {
      RW_ASSIGN(std::string svg, drawer_->draw(figure, {.variables = false}));
      const std::string name = options_.files_stem + "-" + figure.id + ".svg";
      rendered_.files.emplace_back(name, std::move(svg));
      paragraph("![" + plain(figure.caption) + "](<" + name + ">)");
    }
    paragraph("*" + plain(figure.caption) + ". " + plain(figure.description) + "*");
    return {};
  }

  void write(const SectionTable& table) {
    std::string caption = "**" + plain(table.caption) + "**";
    if (static_cast<std::int64_t>(table.rows.size()) < table.total)
      caption += " (" +
                 say("report.cut",
                     {group_thousands(static_cast<std::int64_t>(table.rows.size())), group_thousands(table.total)}) +
                 ")";
    paragraph(caption);
    std::string head = "|", rule = "|";
    for (const TableColumn& column : table.columns) {
      head += " " + plain(column.title) + " |";
      rule += is_numeric(column.unit) ? "---:|" : "---|";
    }
    line(head);
    line(rule);
    for (const auto& row : table.rows) {
      std::string text = "|";
      for (std::size_t c = 0; c < row.size(); ++c) text += " " + plain(unit_text(row[c], table.columns[c].unit)) + " |";
      line(text);
    }
    line();
  }

  const Dossier& dossier_;
  const RenderOptions& options_;
  std::unique_ptr<FigureDrawer> drawer_;
  RenderedDossier rendered_;
};

Result<RenderedDossier> render(const Dossier& dossier, const RenderOptions& options) {
  return Page(dossier, options).take();
}

}  // namespace

extern constinit const Renderer kMarkdownRenderer{"md", "md", "the dossier as Markdown; figures as SVG files beside it",
                                                  render};

}  // namespace rw
