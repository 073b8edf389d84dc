// DMARC records taken apart (RFC 7489 6.3, 6.4; RFC 9989 4.7, 4.8).
#include <algorithm>
#include <array>
#include <set>

#include "mail/dmarc.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxProblems = 50;  // a record of nothing but nonsense needs no longer list

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// For messages, which are never more than a line or two.
std::string shown(std::string_view text) { return escape_text(text, 60); }

// "v" *WSP "=" *WSP "DMARC1", and what follows it. Null where the text does not begin so.
std::optional<std::string_view> behind_version(std::string_view txt) {
  if (txt.empty() || lower(txt.front()) != 'v') return std::nullopt;
  txt.remove_prefix(1);
  while (!txt.empty() && is_space(txt.front())) txt.remove_prefix(1);
  if (txt.empty() || txt.front() != '=') return std::nullopt;
  txt.remove_prefix(1);
  while (!txt.empty() && is_space(txt.front())) txt.remove_prefix(1);
  constexpr std::string_view kVersion = "DMARC1";
  if (!txt.starts_with(kVersion)) return std::nullopt;
  txt.remove_prefix(kVersion.size());
  while (!txt.empty() && is_space(txt.front())) txt.remove_prefix(1);
  if (!txt.empty() && txt.front() != ';') return std::nullopt;
  return txt;
}

std::optional<DmarcPolicy> policy_named(std::string_view text) {
  const std::string name = lower_case(text);
  for (const DmarcPolicy policy : {DmarcPolicy::kNone, DmarcPolicy::kQuarantine, DmarcPolicy::kReject})
    if (name == to_string(policy)) return policy;
  return std::nullopt;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t most) {
  if (text.empty() || text.size() > 10 || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value > most) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

// The characters of RFC 3986, percent signs with their two digits.
bool is_uri_text(std::string_view text) {
  constexpr std::string_view kMarks = "-._~:/?#[]@$&'()*+;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_alpha(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos) continue;
    const auto is_hex = [](char x) { return is_digit(x) || (lower(x) >= 'a' && lower(x) <= 'f'); };
    if (c != '%' || i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
  }
  return true;
}

// What is wrong with a URI of rua or ruf; "" when it can be used.
std::string unfit_uri(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(uri.front()))
    return "is no URI (write mailto: before an address)";
  for (const char c : uri.substr(0, colon))
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return "is no URI";
  const std::string_view rest = uri.substr(colon + 1);
  if (rest.empty() || !is_uri_text(rest)) return "is no URI: there is nothing behind the scheme, or a wrong character";
  if (lower_case(uri.substr(0, colon)) != "mailto") return {};
  const std::string_view address = rest.substr(0, rest.find('?'));
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return "holds no mail address";
  const std::string_view domain = address.substr(at + 1);
  if (domain.find('.') == std::string_view::npos || domain.front() == '.' ||
      domain.find("..") != std::string_view::npos)
    return "holds no domain";
  return {};
}

class Reader {
 public:
  Reader(DmarcRecord& record, DmarcStandard standard) : record_(record), standard_(standard) {}
  void read(std::string_view tags);
  void settle();

 private:
  void tag(std::string_view name, std::string_view value);
  bool reporting_tag(const std::string& name, std::string_view value);
  bool tag_of_rfc7489(const std::string& name, std::string_view value);
  bool tag_of_rfc9989(const std::string& name, std::string_view value);
  void policy(const std::string& name, std::string_view value, std::optional<DmarcPolicy>& into);
  void alignment(const std::string& name, std::string_view value, bool& strict);
  void uris(const std::string& name, std::string_view value, std::vector<std::string>& into);
  void problem(std::string text) {
    if (record_.problems.size() < kMaxProblems) record_.problems.push_back(std::move(text));
  }
  bool new_standard() const { return standard_ == DmarcStandard::kRfc9989; }

  DmarcRecord& record_;
  DmarcStandard standard_;
  std::set<std::string> seen_;
  std::string wrong_policy_;  // "p" and its like, with a value that is none
};

void Reader::policy(const std::string& name, std::string_view value, std::optional<DmarcPolicy>& into) {
  into = policy_named(value);
  if (into) return;
  problem(name + ": '" + shown(value) + "' is no policy (none, quarantine or reject)");
  if (wrong_policy_.empty()) wrong_policy_ = name;
}

void Reader::alignment(const std::string& name, std::string_view value, bool& strict) {
  const std::string mode = lower_case(value);
  if (mode == "s")
    strict = true;
  else if (mode != "r")
    problem(name + ": '" + shown(value) + "' is neither r nor s: read as r");
}

void Reader::uris(const std::string& name, std::string_view value, std::vector<std::string>& into) {
  while (true) {
    const std::size_t comma = value.find(',');
    std::string_view uri = trimmed(value.substr(0, comma));
    // RFC 7489 6.4: "!10m" behind a URI limits the size of a report; RFC 9989 has no such thing.
    if (const std::size_t mark = uri.find('!'); mark != std::string_view::npos) {
      std::string_view digits = uri.substr(mark + 1);
      if (!digits.empty() && std::string_view("kmgt").find(lower(digits.back())) != std::string_view::npos)
        digits.remove_suffix(1);
      if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit))
        problem(name + ": '" + shown(uri) + "' has no size behind the exclamation mark");
      else if (new_standard())
        problem(name + ": '" + shown(uri) + "' limits the size of reports, which RFC 9989 does not know");
      uri = trimmed(uri.substr(0, mark));
    }
    if (std::string wrong = unfit_uri(uri); !wrong.empty()) {
      problem(name + ": '" + shown(uri) + "' " + wrong);
    } else {
      if (!lower_case(uri).starts_with("mailto:"))
        problem(name + ": '" + shown(uri) + "': receivers send to mailto: only");
      into.emplace_back(uri);
    }
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

bool Reader::reporting_tag(const std::string& name, std::string_view value) {
  if (name == "rua") {
    uris(name, value, record_.rua);
  } else if (name == "ruf") {
    uris(name, value, record_.ruf);
  } else if (name == "fo") {
    bool good = !value.empty();
    for (std::size_t i = 0; i < value.size(); ++i)
      good &= i % 2 == 1 ? value[i] == ':' : std::string_view("01ds").find(lower(value[i])) != std::string_view::npos;
    good &= value.size() % 2 == 1;
    if (good)
      record_.fo = lower_case(value);
    else
      problem("fo: '" + shown(value) + "' is no list of 0, 1, d and s: read as 0");
  } else {
    return false;
  }
  return true;
}

bool Reader::tag_of_rfc7489(const std::string& name, std::string_view value) {
  if (name == "pct") {
    if (const auto percent = number(value, 100))
      record_.pct = percent;
    else
      problem("pct: '" + shown(value) + "' is no number from 0 to 100: read as 100");
  } else if (name == "ri") {
    if (const auto seconds = number(value, 0xFFFFFFFF))
      record_.ri = seconds;
    else
      problem("ri: '" + shown(value) + "' is no number of seconds: read as 86400");
  } else if (name == "rf") {
    if (lower_case(value) != "afrf")
      problem("rf: '" + shown(value) + "' is no format that receivers write: read as afrf");
  } else {
    return false;
  }
  return true;
}

bool Reader::tag_of_rfc9989(const std::string& name, std::string_view value) {
  const std::string word = lower_case(value);
  if (name == "np") {
    policy(name, value, record_.np);
  } else if (name == "t") {
    if (word == "y")
      record_.testing = true;
    else if (word != "n")
      problem("t: '" + shown(value) + "' is neither y nor n: read as n");
  } else if (name == "psd") {
    if (word == "y" || word == "n" || word == "u")
      record_.psd = word.front();
    else
      problem("psd: '" + shown(value) + "' is none of y, n and u: read as u");
  } else {
    return false;
  }
  return true;
}

void Reader::tag(std::string_view written, std::string_view value) {
  const std::string name = lower_case(written);
  if (!seen_.insert(name).second) {
    if (record_.error.empty()) record_.error = "the tag '" + shown(name) + "' stands there twice";
    return;
  }
  if (name == "p") {
    if (!new_standard() && seen_.size() > 1) problem("p: RFC 7489 wants it right behind the version");
    return policy(name, value, record_.p);
  }
  if (name == "sp") return policy(name, value, record_.sp);
  if (name == "adkim") return alignment(name, value, record_.strict_dkim);
  if (name == "aspf") return alignment(name, value, record_.strict_spf);
  if (name == "v") {
    if (record_.error.empty()) record_.error = "the version stands there twice";
    return;
  }
  if (reporting_tag(name, value)) return;
  if (new_standard() ? tag_of_rfc9989(name, value) : tag_of_rfc7489(name, value)) return;
  DmarcRecord scratch;
  Reader other(scratch, new_standard() ? DmarcStandard::kRfc7489 : DmarcStandard::kRfc9989);
  if (new_standard() && other.tag_of_rfc7489(name, value))
    problem(name + ": RFC 9989 has no such tag any more: it is ignored" +
            (name == "pct" ? "; t=y takes its place" : ""));
  else if (!new_standard() && other.tag_of_rfc9989(name, value))
    problem(name + ": RFC 7489 has no such tag: receivers that follow it ignore it");
  else
    problem(shown(name) + ": nobody knows this tag: it is ignored");
}

// *(dmarc-sep dmarc-tag) [dmarc-sep], with what lies between two semicolons that is no tag told and left out.
void Reader::read(std::string_view tags) {
  while (!tags.empty()) {
    const std::size_t end = std::min(tags.find(';'), tags.size());
    const std::string_view text = trimmed(tags.substr(0, end));
    const bool last = end == tags.size();
    tags.remove_prefix(last ? end : end + 1);
    if (text.empty()) {
      if (!trimmed(tags).empty()) problem("two semicolons with nothing between them");
      continue;
    }
    const std::size_t equals = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equals));
    if (equals == std::string_view::npos || name.empty() || !std::all_of(name.begin(), name.end(), is_alpha)) {
      problem("'" + shown(text) + "' is no tag (a name, = and a value)");
      continue;
    }
    const std::string_view value = trimmed(text.substr(equals + 1));
    const auto is_value = [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7E); };
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_value)) {
      // A policy whose value cannot be read is an invalid policy, not an absent one.
      problem(shown(lower_case(name)) + (value.empty() ? ": there is no value" : ": the value is no printable ASCII"));
      const std::string policy_name = lower_case(name);
      if (wrong_policy_.empty() &&
          (policy_name == "p" || policy_name == "sp" || (new_standard() && policy_name == "np")))
        wrong_policy_ = policy_name;
      seen_.insert(policy_name);
      continue;
    }
    tag(name, value);
  }
}

// RFC 7489 6.6.3, RFC 9989 4.10.1: what a record without a valid policy means.
void Reader::settle() {
  const bool missing = !record_.p && wrong_policy_.empty();
  if (missing) problem("p: there is none" + std::string(new_standard() ? ": read as none" : ""));
  if (missing && new_standard()) record_.p = DmarcPolicy::kNone;
  if (wrong_policy_.empty() && record_.p) return;
  if (!record_.rua.empty()) {
    problem("read as p=none, since " + (missing ? std::string("p is missing") : wrong_policy_ + " is invalid"));
    record_.p = DmarcPolicy::kNone;
    record_.sp.reset();
    record_.np.reset();
    return;
  }
  if (record_.error.empty())
    record_.error = missing ? "there is no policy (p), and no rua" : wrong_policy_ + " is invalid, and there is no rua";
}

}  // namespace

std::string_view to_string(DmarcStandard standard) {
  return standard == DmarcStandard::kRfc7489 ? "rfc7489" : "rfc9989";
}
std::string_view to_string(DmarcPolicy policy) {
  constexpr std::array<std::string_view, 3> kNames = {"none", "quarantine", "reject"};
  return kNames[static_cast<std::size_t>(policy)];
}
std::string_view to_string(DmarcResult result) {
  constexpr std::array<std::string_view, 5> kNames = {"none", "pass", "fail", "temperror", "permerror"};
  return kNames[static_cast<std::size_t>(result)];
}

bool is_dmarc_record(std::string_view txt, DmarcStandard standard) {
  const auto rest = behind_version(txt);
  return rest && (standard == DmarcStandard::kRfc9989 || !rest->empty());
}

DmarcRecord parse_dmarc(std::string_view txt, DmarcStandard standard) {
  DmarcRecord record;
  record.text = txt;
  const auto rest = behind_version(txt);
  if (!rest || !is_dmarc_record(txt, standard)) {
    record.error = "the record does not begin with 'v=DMARC1" +
                   std::string(standard == DmarcStandard::kRfc7489 ? ";'" : "', followed by ';' or nothing");
    return record;
  }
  Reader reader(record, standard);
  reader.read(rest->empty() ? *rest : rest->substr(1));
  reader.settle();
  if (!record.error.empty()) {
    record.p.reset();
    record.sp.reset();
    record.np.reset();
  }
  return record;
}

}  // namespace rw
