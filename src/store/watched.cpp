// Conditions and commands about a subject's prefixes.
#include "store/watched.h"

namespace rw {
namespace {

bool always_valid(const WatchedPrefix& p, TimeRange period) {
  return p.valid.from <= period.from && p.valid.to >= period.to;
}
bool never_valid(const WatchedPrefix& p, TimeRange period) {
  return p.valid.from >= period.to || p.valid.to <= period.from;
}

ExprPtr within(std::string_view time_column, TimeRange range) {
  const ExprPtr time = expr::column(time_column);
  return expr::all_of({expr::binary(Expr::Kind::kGe, time, expr::literal(range.from)),
                       expr::binary(Expr::Kind::kLt, time, expr::literal(range.to))});
}

}  // namespace

ExprPtr watched_condition(const Subject& subject, TimeRange period, std::string_view address,
                          std::string_view time_column) {
  std::vector<Prefix> throughout;
  std::vector<ExprPtr> any;
  for (const WatchedPrefix& p : subject.prefixes) {
    if (never_valid(p, period)) continue;
    if (always_valid(p, period))
      throughout.push_back(p.prefix);
    else
      any.push_back(expr::all_of({expr::in_prefixes(address, {p.prefix}), within(time_column, p.valid)}));
  }
  if (!throughout.empty()) any.push_back(expr::in_prefixes(address, std::move(throughout)));
  return any.size() == 1 ? any.front() : expr::any_of(std::move(any));
}

ExprPtr watched_label(const Subject& subject, std::string_view address, std::string_view time_column) {
  auto set = std::make_shared<LabelSet>();
  set->name = "watched";
  for (const WatchedPrefix& p : subject.prefixes)
    set->ranges.push_back({p.prefix.first(), p.prefix.last(), p.valid, p.prefix.to_string()});
  return expr::label(std::move(set), expr::column(address), expr::column(time_column));
}

std::string filter_text(const Subject& subject, TimeRange period) {
  std::string text;
  for (const WatchedPrefix& p : subject.prefixes) {
    if (never_valid(p, period)) continue;
    if (!text.empty()) text += " or ";
    text += "net " + p.prefix.to_string();
  }
  return text.empty() ? "net " + subject.prefixes.front().prefix.to_string() : text;
}

std::string flows_command(std::string_view filter, TimeRange period, std::string_view more) {
  std::string text = "rangewatch flows '" + std::string(filter) + "'";
  if (period.from != kAllTime.from) text += " --from " + period.from.to_string();
  if (period.to != kAllTime.to) text += " --to " + period.to.to_string();
  if (!more.empty()) text.append(" ").append(more);
  return text;
}

}  // namespace rw
