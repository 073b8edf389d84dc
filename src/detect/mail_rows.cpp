// Conditions on messages that several detectors share.
#include "detect/mail_rows.h"

namespace rw {

ExprPtr own_domain(const DetectContext& context, std::string_view column) {
  std::vector<ExprPtr> any;
  for (const std::string& domain : context.organisation.domains) {
    any.push_back(expr::eq(expr::column(column), expr::text(domain)));
    any.push_back(expr::matches(expr::column(column), "*." + domain));
  }
  return expr::any_of(std::move(any));
}

bool is_own_domain(const Organisation& organisation, std::string_view domain) {
  for (const std::string& own : organisation.domains)
    if (domain == own ||
        (domain.size() > own.size() && domain.ends_with(own) && domain[domain.size() - own.size() - 1] == '.'))
      return true;
  return false;
}

ExprPtr has_sign(std::string_view word) {
  const std::string text(word);
  const ExprPtr signs = expr::column("signs");
  return expr::any_of({expr::eq(signs, expr::text(text)), expr::matches(signs, text + " *"),
                       expr::matches(signs, "* " + text), expr::matches(signs, "* " + text + " *")});
}

ExprPtr ordinary_traffic() {
  std::vector<ExprPtr> any;
  for (const std::string_view word : {"mailing-list", "bulk", "automatic", "bounce", "calendar", "forwarded"})
    any.push_back(has_sign(word));
  return expr::any_of(std::move(any));
}

ExprPtr strong_signs() {
  std::vector<ExprPtr> any = {expr::not_(expr::is_null(expr::column("impersonates"))),
                              expr::binary(Expr::Kind::kGt, expr::column("macros"), expr::number(0)),
                              expr::not_(expr::is_null(expr::column("malware")))};
  for (const std::string_view word : {"reply-to-lookalike", "remote-template", "executable", "script", "shortcut",
                                      "html-smuggling", "double-extension", "direction-trick", "type-mismatch"})
    any.push_back(has_sign(word));
  return expr::any_of(std::move(any));
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string messages_command(const std::string& condition, Timestamp first, Timestamp last) {
  const std::string query = "select time, from_address, reply_to_address, verdict, signs from messages where " +
                            condition + " and time between '" + first.to_string() + "' and '" + last.to_string() +
                            "' order by time";
  std::string out = "rangewatch sql \"";
  for (const char c : query) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace rw
