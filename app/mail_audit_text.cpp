// An audit for people.
#include "mail_audit_text.h"

#include <algorithm>
#include <array>

#include "model/escape.h"
#include "report/answer_writer.h"

namespace rw {
namespace {

constexpr std::size_t kLabel = 9;  // "warning" and two spaces
constexpr std::size_t kShownNodes = 60;

std::string_view colour_of(AuditStatus status) {
  switch (status) {
    case AuditStatus::kGood: return "32";
    case AuditStatus::kInfo: return "2";
    case AuditStatus::kWarning: return "33";
    case AuditStatus::kBad: return "1;31";
    case AuditStatus::kUnknown: return "35";
  }
  return "0";
}

std::string_view grade_colour(char grade) { return grade <= 'B' ? "1;32" : grade <= 'C' ? "1;33" : "1;31"; }

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTopics{{{"spf", "SPF"},
                                                                                {"dkim", "DKIM"},
                                                                                {"dmarc", "DMARC"},
                                                                                {"mx", "MX"},
                                                                                {"mta-sts", "MTA-STS"},
                                                                                {"tls-rpt", "TLS reports"},
                                                                                {"dane", "DANE"},
                                                                                {"dnssec", "DNSSEC"},
                                                                                {"bimi", "BIMI"}}};

class Page {
 public:
  Page(const Audit& audit, const PageStyle& style) : audit_(audit), style_(style) {}
  std::string text;

  void head() {
    const std::string grade = audit_.grade ? std::string(1, *audit_.grade) : "unknown";
    text += painted(style_, "1", audit_.domain) + "  grade " +
            (audit_.grade ? painted(style_, grade_colour(*audit_.grade), grade) : grade);
    if (audit_.grade_after && audit_.grade && *audit_.grade_after < *audit_.grade)
      text += ", " + std::string(1, *audit_.grade_after) + " with the records below";
    text += "\n";
    for (const std::string& reason : audit_.grade_reasons) bullet("because", reason);
    for (const std::string& step : audit_.raise) bullet("raise it", step);
    if (audit_.grade == 'A' && audit_.grade_reasons.empty())
      text += "  Nobody can send mail as this domain and have it accepted where DMARC is followed.\n";
    if (audit_.sends_mail == SendsMail::kNo) text += "  It sends no mail: it is judged as a parked domain.\n";
    text += "  " + painted(style_, "2", audit_.time.to_string() + ", " + audit_.resolver) + "\n";
  }

  void topic(std::string_view id, std::string_view title) {
    bool first = true;
    for (const AuditItem& item : audit_.items) {
      if (item.topic != id) continue;
      if (first) heading(title);
      first = false;
      const std::string label(to_string(item.status));
      text += "  " + painted(style_, colour_of(item.status), label) + std::string(kLabel - label.size(), ' ') +
              wrapped(item.text, kLabel + 2, style_.width) + "\n";
      if (item.item == "record" && !item.value.empty() && item.status != AuditStatus::kUnknown)
        text += std::string(kLabel + 2, ' ') +
                painted(style_, "36", wrapped(escape_text(item.value), kLabel + 2, style_.width)) + "\n";
    }
    if (id == "spf" && !audit_.spf.below.empty()) tree();
  }

  void tree() {
    std::vector<std::pair<std::string, const SpfNode*>> lines;
    grow(audit_.spf, "", lines);
    const std::size_t shown = std::min(lines.size(), kShownNodes);
    std::size_t widest = audit_.domain.size();
    for (std::size_t i = 0; i < shown; ++i) widest = std::max(widest, display_width(lines[i].first));
    const std::string indent(kLabel + 2, ' ');
    text += "\n" + indent + audit_.domain + std::string(widest - audit_.domain.size() + 2, ' ') +
            std::to_string(audit_.spf.lookups) + (audit_.spf.lookups == 1 ? " look-up" : " look-ups") +
            " in all, 10 allowed\n";
    for (std::size_t i = 0; i < shown; ++i) {
      const SpfNode& node = *lines[i].second;
      text += indent + lines[i].first + std::string(widest - display_width(lines[i].first) + 2, ' ') +
              std::to_string(node.lookups);
      if (node.unknown)
        text += "  " + painted(style_, colour_of(AuditStatus::kUnknown), "unknown: " + node.problem);
      else if (!node.problem.empty())
        text += "  " + painted(style_, colour_of(AuditStatus::kBad), node.problem);
      else if (node.passes_everybody)
        text += "  " + painted(style_, colour_of(AuditStatus::kBad), "lets every server pass");
      text += "\n";
    }
    if (shown < lines.size())
      text += indent + std::to_string(shown) + " of " + std::to_string(lines.size()) + " shown\n";
  }

  void publish() {
    if (audit_.records.empty()) return;
    heading("Publish");
    for (const AuditRecord& record : audit_.records) text += record_for_people(record, style_);
  }

  void compare(const AuditComparison& comparison) {
    if (!comparison.before) {
      heading("Since");
      text += "  No earlier audit of this domain is in the lake.\n";
      return;
    }
    heading("Since " + comparison.before->to_string());
    if (!comparison.grade_before.empty()) text += "  The grade was " + comparison.grade_before + ".\n";
    for (const AuditChange& change : comparison.changes) {
      const std::string kind(to_string(change.kind));
      const std::string_view colour = change.kind == AuditChange::Kind::kRegression    ? "1;31"
                                      : change.kind == AuditChange::Kind::kImprovement ? "32"
                                                                                       : "2";
      const auto side = [](const std::optional<AuditStatus>& status, const std::string& value) {
        std::string shown = status ? std::string(to_string(*status)) : "not there";
        return value.empty() ? shown : shown + " (" + value + ")";
      };
      const std::size_t label = 13;
      text += "  " + painted(style_, colour, kind) + std::string(label - kind.size(), ' ') +
              wrapped((change.topic == change.item ? change.topic : change.topic + " " + change.item) + ": " +
                          side(change.before, change.value_before) + " → " + side(change.after, change.value_after),
                      label + 2, style_.width) +
              "\n";
    }
    if (comparison.changes.empty()) text += "  Nothing changed.\n";
  }

 private:
  void heading(std::string_view title) { text += "\n" + painted(style_, "1;34", title) + "\n"; }
  void bullet(std::string_view label, const std::string& what) {
    text += "  " + std::string(label) + std::string(kLabel + 1 - std::min(label.size(), kLabel), ' ') +
            wrapped(what, kLabel + 3, style_.width) + "\n";
  }
  static void grow(const SpfNode& node, const std::string& indent,
                   std::vector<std::pair<std::string, const SpfNode*>>& lines) {
    for (std::size_t i = 0; i < node.below.size(); ++i) {
      const bool last = i + 1 == node.below.size();
      lines.emplace_back(indent + (last ? "└─ " : "├─ ") + escape_text(node.below[i].term, 80), &node.below[i]);
      grow(node.below[i], indent + (last ? "   " : "│  "), lines);
    }
  }

  const Audit& audit_;
  const PageStyle& style_;
};

std::string indented(std::string_view text, std::size_t indent) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += std::string(indent, ' ') + std::string(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::size_t wide = display_width(word);
    if (!out.empty() && column + 1 + wide > width && width > indent + 20) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += wide;
    at = end + 1;
  }
  return out;
}

std::string painted(const PageStyle& style, std::string_view colour, std::string_view text) {
  return style.colour ? "\x1b[" + std::string(colour) + "m" + std::string(text) + "\x1b[0m" : std::string(text);
}

std::string record_for_people(const AuditRecord& record, const PageStyle& style) {
  std::string text = indented(painted(style, "36", zone_line(record)), 2);
  if (!record.replaces.empty()) text += "      in place of  " + escape_text(record.replaces) + "\n";
  const std::size_t lines = record.why.find('\n');
  text += "      " + wrapped(std::string_view(record.why).substr(0, lines), 6, style.width) + "\n";
  if (lines != std::string::npos) text += indented(std::string_view(record.why).substr(lines + 1), 10);
  return text;
}

std::string audit_for_people(const Audit& audit, const std::optional<AuditComparison>& comparison,
                             const PageStyle& style) {
  Page page(audit, style);
  page.head();
  if (comparison) page.compare(*comparison);
  for (const auto& [id, title] : kTopics) page.topic(id, title);
  page.publish();
  return std::move(page.text);
}

std::string records_for_zone(const Audit& audit) {
  std::string text;
  for (const AuditRecord& record : audit.records) {
    std::string why = record.why;
    std::replace(why.begin(), why.end(), '\n', ' ');
    text += "; " + why + "\n";
    if (!record.replaces.empty()) text += "; in place of: " + escape_text(record.replaces) + "\n";
    text += (record.elsewhere || record.needs_work ? "; " : "") + zone_line(record) + "\n";
  }
  return text;
}

}  // namespace rw
