// Whose message it claims to be: the From field or fields, with everything that somebody else could read there.
#include <algorithm>
#include <array>

#include "message/address.h"
#include "message/address_candidates.h"
#include "message/encoded_word.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxHiddenLine = 1000;  // bytes looked at behind what some readers take for a line end
constexpr std::size_t kMaxRun = 320;          // RFC 5321 4.5.3.1: 64 + 1 + 255
constexpr std::size_t kMaxTried = 10'000;     // "@" looked at: a From field has one

bool is_local_char(char c) {
  constexpr std::string_view kOther = "!#$%&'*+-/=?^_`{|}~.";
  return is_alnum(c) || is_high(c) || kOther.find(c) != std::string_view::npos;
}
bool is_domain_char(char c) { return is_alnum(c) || is_high(c) || c == '-' || c == '.' || c == '_'; }

void add(std::vector<MailAddress>& all, const MailAddress& address) {
  if (all.size() >= kMaxAddresses) return;
  const auto same = [&](const MailAddress& other) {
    return other.local == address.local && other.domain == address.domain;
  };
  if (std::ranges::none_of(all, same)) all.push_back(address);
}

void note(std::vector<AddressDefect>& defects, AddressDefect defect) {
  if (std::ranges::find(defects, defect) == defects.end()) defects.push_back(defect);
}

// "from" and a colon, with whatever a lenient reader may skip before, between and behind.
bool looks_like_from(std::string_view line) {
  const auto skip = [&] {
    while (!line.empty() && (static_cast<unsigned char>(line[0]) <= 32 || static_cast<unsigned char>(line[0]) >= 127))
      line.remove_prefix(1);
  };
  skip();
  if (!same_folded(line.substr(0, 4), "from")) return false;
  line.remove_prefix(4);
  skip();
  return line.starts_with(':');
}

// From fields that this parser does not see and another may: each is told to `see` without its name.
template <typename See>
void hidden_fields(const Message& message, See see) {
  const auto tell = [&](std::string_view line) {
    if (looks_like_from(line)) see(line.substr(line.find(':') + 1));
  };
  if (message.has(MessageDefect::kNoHeader) || message.has(MessageDefect::kNoBlankLine)) {
    // Readers who skip the line that is no field go on to the next empty line.
    std::string_view rest = message.body.substr(0, kMaxHeaderBytes);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (trimmed(line).empty()) break;
      tell(line);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  // A CR alone, a NUL, and the vertical tab and form feed that some languages' libraries split lines at.
  for (const char breaker : std::string_view("\r\0\v\f", 4)) {
    const std::string_view header = message.header;
    for (std::size_t at = header.find(breaker); at != std::string_view::npos; at = header.find(breaker, at + 1)) {
      const std::string_view behind = header.substr(at + 1, kMaxHiddenLine);
      if (!behind.starts_with('\n')) tell(behind.substr(0, behind.find_first_of("\r\n")));
    }
  }
}

}  // namespace

void collect_addresses(std::string_view text, std::vector<MailAddress>& out, std::size_t limit) {
  std::size_t tried = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos && out.size() < limit && tried < kMaxTried;
       at = text.find('@', at + 1)) {
    ++tried;
    std::size_t begin = at, end = at + 1;
    while (begin > 0 && at - begin < kMaxRun && is_local_char(text[begin - 1])) --begin;
    while (end < text.size() && end - at < kMaxRun && is_domain_char(text[end])) ++end;
    std::string_view domain = text.substr(at + 1, end - at - 1);
    while (domain.starts_with('.') || domain.starts_with('-')) domain.remove_prefix(1);
    while (domain.ends_with('.') || domain.ends_with('-')) domain.remove_suffix(1);
    MailAddress address;
    address.domain = normalised_domain(domain);
    if (address.domain.empty()) continue;
    append_scrubbed(address.local, text.substr(begin, at - begin));
    add(out, address);
  }
}

std::string_view to_string(AuthorState state) {
  static constexpr std::array<std::string_view, 4> kNames = {"one", "none", "several", "ambiguous"};
  return kNames[static_cast<std::size_t>(state)];
}

Author parse_author(const Message& message) {
  Author author;
  std::vector<MailAddress> readable;  // by anybody
  bool ambiguous = false;
  std::size_t fields = 0;
  for (const HeaderField& field : message.fields) {
    if (!same_folded(field.name, "from")) continue;
    ++fields;
    AddressList list = parse_addresses(field.body);
    ambiguous |= list.ambiguous();
    for (const AddressDefect defect : list.defects) note(author.defects, defect);
    for (const MailAddress& address : list.addresses) add(author.addresses, address);
    if (field.raw.substr(field.name.size()).starts_with(':')) {
      if (!list.ambiguous()) continue;
    } else {
      ambiguous = true;
      note(author.defects, AddressDefect::kHiddenField);
    }
    const std::string text = unfolded(field.body);
    std::string decoded;
    append_decoded_words(decoded, text, text.size() * 2, UnknownCharset::kLatin);
    collect_addresses(text, readable);
    collect_addresses(decoded, readable);
  }
  const auto hidden = [&](std::string_view body) {
    ambiguous = true;
    note(author.defects, AddressDefect::kHiddenField);
    collect_addresses(body, readable);
  };
  hidden_fields(message, hidden);
  if (message.has(MessageDefect::kHeaderTooLarge)) hidden({});  // what lies behind the bound, others may read
  for (const MailAddress& address : readable) add(author.addresses, address);

  const auto& all = author.addresses;
  if (all.size() > 1) note(author.defects, AddressDefect::kSeveral);
  if (fields > 1) note(author.defects, AddressDefect::kSeveralFields);
  const bool one_domain =
      !all.empty() && std::ranges::all_of(all, [&](const MailAddress& a) { return a.domain == all[0].domain; });
  if (ambiguous)
    author.state = AuthorState::kAmbiguous;
  else if (fields > 1 || (all.size() > 1 && !one_domain))
    author.state = AuthorState::kSeveral;
  else
    author.state = all.empty() ? AuthorState::kNone : AuthorState::kOne;
  // Several fields have no domain even where they agree on it: a signature covers one of them, and a reader shows
  // another.
  if (!ambiguous && fields == 1 && one_domain && !all[0].domain.starts_with('[')) author.domain = all[0].domain;
  return author;
}

}  // namespace rw
