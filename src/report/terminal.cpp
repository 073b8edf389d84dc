// Renderer terminal: the dossier in a window of text, with small pictures made of characters.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/quantity.h"
#include "report/answer_writer.h"
#include "report/renderer.h"
#include "report/units.h"

namespace rw {
namespace {

constexpr unsigned kDefaultWidth = 100;
constexpr std::size_t kMostTableRows = 15;

class Page {
 public:
  Page(const Dossier& dossier, const RenderOptions& options)
      : dossier_(dossier),
        colour_(options.colour),
        width_(options.width == 0 ? kDefaultWidth : std::max(40U, options.width)) {}

  std::string take() {
    head();
    judgements();
    for (const SectionResult& section : dossier_.sections) write(section);
    if (!dossier_.volume_limits.empty()) {
      title(say("report.volume_limits"));
      paragraph(dossier_.volume_limits);
    }
    return std::move(out_);
  }

 private:
  std::string say(std::string_view id, const std::vector<std::string>& args = {}) const {
    return rw::say(dossier_.request.language, id, args);
  }
  void line(std::string_view text = {}) { out_.append(text).append("\n"); }
  void title(const std::string& text) {
    line();
    line(colour_ ? "\x1b[1;34m" + text + "\x1b[0m" : text);
    if (!colour_) line(std::string(std::min<std::size_t>(display_width(text), width_), '-'));
  }

  // Where a line may end: behind a space, and behind a character of Japanese or Chinese unless what follows may not
  // begin a line. Gives the length of the piece that begins at `at`, without the space behind it.
  static std::size_t piece_length(std::string_view text, std::size_t at) {
    constexpr std::string_view kNotFirst[] = {"、", "。", "，", "．", "）", "」", "』",
                                              "：", "；", "？", "！", "ー", "・"};
    const std::size_t begin = at;
    while (at < text.size() && text[at] != ' ') {
      const auto lead = static_cast<unsigned char>(text[at]);
      at = std::min(text.size(), at + (lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4));
      constexpr unsigned char kFirstOfWide = 0xE3;  // U+3000 and above
      constexpr std::string_view kNotLast[] = {"（", "「", "『"};
      if (lead < kFirstOfWide) continue;
      const std::string_view rest = text.substr(at), own = text.substr(at - std::min<std::size_t>(3, at - begin), 3);
      if (std::any_of(std::begin(kNotFirst), std::end(kNotFirst), [&](auto c) { return rest.starts_with(c); }))
        continue;
      if (std::any_of(std::begin(kNotLast), std::end(kNotLast), [&](auto c) { return own == c; })) continue;
      break;
    }
    return at - begin;
  }

  // Fills lines with words up to the width.
  void paragraph(const std::string& text, std::string_view first = "", std::string_view next = "") {
    std::string current(first);
    std::size_t used = display_width(current);
    bool empty = true;
    for (std::size_t at = 0; at < text.size();) {
      const bool space = text[at] == ' ';
      if (space && ++at == text.size()) break;
      const std::string word = text.substr(at, piece_length(text, at));
      const std::size_t w = display_width(word), between = space && !empty ? 1 : 0;
      if (!empty && used + between + w > width_) {
        line(current);
        current = next;
        used = display_width(current);
        empty = true;
      } else if (between > 0) {
        current += ' ';
        ++used;
      }
      current += word;
      used += w;
      empty = false;
      at += word.size();
    }
    if (!empty) line(current);
  }

  void head() {
    const std::string& name = dossier_.title();
    line(colour_ ? "\x1b[1m" + name + "\x1b[0m" : name);
    std::string period = dossier_.period_text;
    if (!dossier_.comparison_text.empty()) period += ", " + say("report.comparison") + " " + dossier_.comparison_text;
    line(dossier_.about ? period : period + "  (" + dossier_.subject.time_zone + ")");
    if (dossier_.synthetic) paragraph(say("report.synthetic"), colour_ ? "\x1b[33m! \x1b[0m" : "! ", "  ");
  }

  void judgements() {
    title(say("report.judgements"));
    if (dossier_.judgements.empty()) paragraph(say("report.judgements_none"));
    for (const DossierJudgement& j : dossier_.judgements)
      paragraph(j.text + " (" + confidence_text(dossier_.request.language, j.confidence) + ")", "• ", "  ");
  }

  void write(const SectionResult& section) {
    title(section.title);
    for (const std::string& sentence : section.sentences) paragraph(sentence);
    for (const SectionFigure& figure : section.figures) draw(figure);
    for (const SectionTable& table : section.tables)
      if (!table.detail) write(table);
    line();
    if (!section.limits.empty()) paragraph(section.limits, say("report.limits") + ": ", "  ");
    paragraph(section.query, say("report.query") + ": ", "  ");
  }

  void write(const SectionTable& table) {
    line();
    std::string caption = table.caption;
    const std::size_t shown = std::min(table.rows.size(), kMostTableRows);
    if (static_cast<std::int64_t>(shown) < table.total)
      caption += " (" +
                 say("report.cut", {group_thousands(static_cast<std::int64_t>(shown)), group_thousands(table.total)}) +
                 ")";
    line(caption);
    AnswerWriter writer({.format = ListingFormat::kTable, .colour = colour_, .width = width_},
                        [&](std::string_view text) {
                          out_ += text;
                          return true;
                        });
    std::vector<AnswerColumn> columns;
    for (const TableColumn& column : table.columns) columns.push_back({column.title, "", is_numeric(column.unit)});
    writer.begin(std::move(columns));
    for (std::size_t i = 0; i < shown; ++i) {
      std::vector<Value> row;
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        row.emplace_back(unit_text(table.rows[i][c], table.columns[c].unit));
      writer.add(row);
    }
    writer.finish();
  }

  void draw(const SectionFigure& figure) {
    line();
    line(figure.caption);
    if (figure.kind == "daily")
      draw_row(figure.data["bytes"]);
    else if (figure.kind == "hours")
      draw_row(figure.data["now"]);
    else if (figure.kind == "week")
      draw_week(figure.data);
    else if (figure.kind == "ranking")
      draw_ranking(figure.data);
    else
      paragraph(figure.description);
  }

  static constexpr std::array<std::string_view, 9> kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

  // Heights in one line; several values to a character where the terminal is too narrow. A gap is a dot.
  void draw_row(const Document& values) {
    const Document::List* items = values.items();
    if (items == nullptr || items->empty()) return;
    const std::size_t width = std::min<std::size_t>(items->size(), width_);
    std::vector<std::optional<double>> columns(width);
    for (std::size_t c = 0; c < width; ++c) {
      double sum = 0;
      std::size_t known = 0;
      for (std::size_t i = c * items->size() / width; i < (c + 1) * items->size() / width; ++i)
        if (const auto number = (*items)[i].number()) {
          sum += *number;
          ++known;
        }
      if (known > 0) columns[c] = sum / static_cast<double>(known);
    }
    double most = 0;
    for (const auto& v : columns) most = std::max(most, v.value_or(0));
    std::string text;
    for (const auto& v : columns)
      text += !v ? "·" : kBars[most > 0 ? static_cast<std::size_t>(std::lround(8 * *v / most)) : 0];
    line(text);
  }

  void draw_week(const Document& data) {
    const Document::List* cells = data["cells"].items();
    const Document::List* days = data["days"].items();
    if (cells == nullptr || cells->size() != 168 || days == nullptr || days->size() != 7) return;
    double most = 0;
    for (const Document& cell : *cells) most = std::max(most, cell.number().value_or(0));
    static constexpr std::array<std::string_view, 5> kShades = {"  ", "░░", "▒▒", "▓▓", "██"};
    line("     00    03    06    09    12    15    18    21");
    for (std::size_t day = 0; day < 7; ++day) {
      std::string text = *(*days)[day].text() + "  ";
      for (std::size_t hour = 0; hour < 24; ++hour) {
        const auto v = (*cells)[day * 24 + hour].number();
        text += !v ? "··" : kShades[most > 0 ? static_cast<std::size_t>(std::lround(4 * *v / most)) : 0];
      }
      line(text);
    }
  }

  void draw_ranking(const Document& data) {
    const Document::List* names = data["names"].items();
    const Document::List* shares = data["shares"].items();
    if (names == nullptr || shares == nullptr || names->size() != shares->size()) return;
    constexpr std::size_t kRows = 10;
    std::size_t widest = 0;
    for (std::size_t i = 0; i < std::min(kRows, names->size()); ++i)
      widest = std::max(widest, (*names)[i].text()->size());
    const double most = shares->empty() ? 0 : (*shares)[0].number().value_or(0);
    const double room = width_ > widest + 12 ? std::min(50.0, static_cast<double>(width_ - widest - 12)) : 10.0;
    for (std::size_t i = 0; i < std::min(kRows, names->size()); ++i) {
      const double share = (*shares)[i].number().value_or(0);
      std::string text = *(*names)[i].text();
      text.append(widest - text.size() + 1, ' ');
      for (long n = most > 0 ? std::lround(room * share / most) : 0; n > 0; --n) text += "█";
      line(text + " " + human_share(share));
    }
  }

  const Dossier& dossier_;
  bool colour_;
  unsigned width_;
  std::string out_;
};

Result<RenderedDossier> render(const Dossier& dossier, const RenderOptions& options) {
  return RenderedDossier{Page(dossier, options).take(), {}};
}

}  // namespace

extern constinit const Renderer kTerminalRenderer{"terminal", "", "the dossier as text for a terminal", render};

}  // namespace rw
