// The address grammar of RFC 5322 3.4 with its obsolete forms (4.4) and RFC 6532: tokens, then one element at a time.
#include "message/address.h"

#include <algorithm>
#include <array>
#include <span>

#include "message/address_candidates.h"
#include "message/domain_reading.h"
#include "message/encoded_word.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxName = 1024;      // bytes of a display name for people
constexpr std::size_t kMaxLocal = 320;      // RFC 5321 4.5.3.1.1 allows 64; nobody's is longer than a whole address
constexpr std::size_t kMaxTokens = 10'000;  // of one element: a long name has dozens

// RFC 5322 3.2.3, and RFC 6532 3.2: everything above ASCII too.
bool is_atext(char c) {
  constexpr std::string_view kOther = "!#$%&'*+-/=?^_`{|}~";
  return is_alnum(c) || is_high(c) || kOther.find(c) != std::string_view::npos;
}

// Kinds: 'a' atom, 'q' quoted string, 'l' domain literal, 'c' comment, 0 the end; else a special character itself.
// '"', '(' and '[' stand for something that is opened and never closed.
struct Token {
  char kind = 0;
  std::string_view text;  // q, l, c: without the outer characters, still escaped
  bool spaced = false;    // white space or a comment stands before it
  bool loose = false;     // an encoded word holds separators that RFC 2047 5 wants encoded
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  Token next() {
    Token token;
    while (at_ < text_.size() && (is_wsp(text_[at_]) || text_[at_] == '\r' || text_[at_] == '\n')) {
      token.spaced = true;
      ++at_;
    }
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '"') return delimited(token, 'q', '"', '"');
    if (c == '[') return delimited(token, 'l', '[', ']');
    if (c == '(') return delimited(token, 'c', '(', ')');
    const std::size_t begin = at_;
    if (is_atext(c)) {
      while (at_ < text_.size() && is_atext(text_[at_])) {
        const std::size_t word = harmless_word();
        token.loose |= word > 0 && text_.substr(at_, word).find_first_of(",:;") != std::string_view::npos;
        at_ += std::max<std::size_t>(word, 1);
      }
      token.kind = 'a';
    } else {
      token.kind = c == 'a' || c == 0 ? '?' : c;  // NUL would read as the end
      ++at_;
    }
    token.text = text_.substr(begin, at_ - begin);
    return token;
  }

 private:
  // Senders leave commas and colons in encoded words as they are. Whoever splits there and whoever decodes first see
  // the same address, as long as the word holds nothing that makes or hides one. Its length, 0 where there is none.
  std::size_t harmless_word() const {
    if (text_[at_] != '=' || text_.substr(at_, 2) != "=?") return 0;
    const auto word = encoded_word_at(text_.substr(at_));
    const auto harmless = [](char c) {
      return is_atext(c) || c == '.' || c == ',' || c == ':' || c == ';' || c == '?' || c == '=';
    };
    return word && std::ranges::all_of(text_.substr(at_, word->size), harmless) ? word->size : 0;
  }

  // Comments nest (RFC 5322 3.2.2), the others do not.
  Token delimited(Token token, char kind, char open, char close) {
    const std::size_t begin = ++at_;
    unsigned depth = 1;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      } else if (c == close) {
        if (--depth == 0) break;
      } else if (c == open) {
        if (kind == 'c') ++depth;
        if (kind == 'l') break;
      }
    }
    const bool closed = at_ < text_.size() && text_[at_] == close;
    token.kind = closed ? kind : open;
    token.text = text_.substr(begin, at_ - begin);
    if (closed) ++at_;
    return token;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// Words of a name in order with single spaces where there was any; encoded words still encoded.
std::string phrase_text(std::span<const Token> tokens) {
  std::string out;
  for (const Token& token : tokens) {
    if (token.spaced && !out.empty()) out += ' ';
    if (token.kind == 'q')
      out += unescaped(token.text);
    else if (token.kind == 'l')
      out.append("[").append(token.text).append("]");
    else
      out += token.text;
  }
  return out;
}

std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = is_wsp(c) || c == '\r' || c == '\n';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

class Parser {
 public:
  explicit Parser(std::string_view body) : text_(unfolded(body)), tokens_(text_) {}

  AddressList parse() {
    if (std::ranges::any_of(text_, is_control)) note(AddressDefect::kControl);
    if (!valid_utf8(text_)) note(AddressDefect::kNotUtf8);
    while (!ended_) {
      if (list_.addresses.size() >= kMaxAddresses) {
        note(AddressDefect::kTooMany);
        break;
      }
      const char stop = read_element();
      if (stop == ':')
        open_group();
      else
        close_element(stop);
    }
    if (ended_ && in_group_) note(AddressDefect::kSyntax);  // ";" is missing
    if (list_.addresses.empty() && list_.defects.empty()) note(AddressDefect::kEmpty);
    return std::move(list_);
  }

 private:
  void note(AddressDefect defect) {
    if (!list_.has(defect)) list_.defects.push_back(defect);
  }

  // Gathers the tokens up to a separator outside of angle brackets, which is returned (0 at the end).
  char read_element() {
    element_.clear();
    comments_.clear();
    bool in_angle = false, spaced = false;
    for (;;) {
      Token token = tokens_.next();
      if (token.kind == 0) {
        ended_ = true;
        return 0;
      }
      if (token.kind == 'c') {
        comments_.push_back(token.text);
        note(AddressDefect::kComment);
        spaced = true;
        continue;
      }
      if (!in_angle && (token.kind == ',' || token.kind == ':' || token.kind == ';')) return token.kind;
      if (token.kind == '<') in_angle = true;
      if (token.kind == '>') in_angle = false;
      token.spaced |= spaced;
      spaced = false;
      if (token.loose) note(AddressDefect::kUnquotedName);
      if (element_.size() == kMaxTokens) {
        note(AddressDefect::kSyntax);
        ended_ = true;
        return 0;
      }
      element_.push_back(token);
    }
  }

  void open_group() {
    const bool named =
        std::ranges::all_of(element_, [](const Token& t) { return t.kind == 'a' || t.kind == 'q' || t.kind == '.'; });
    if (in_group_ || behind_group_ || element_.empty() || !named) note(AddressDefect::kSyntax);
    note(AddressDefect::kGroup);
    in_group_ = true;
    group_ = name_of(element_);
    group_addresses_.clear();
    collect_addresses(group_, group_addresses_, 16);
  }

  void close_element(char stop) {
    if (!element_.empty()) {
      if (behind_group_) note(AddressDefect::kSyntax);  // something between ";" and ","
      read_mailbox();
    }
    behind_group_ = false;
    if (stop != ';') return;
    if (!in_group_) note(AddressDefect::kSyntax);  // ";" as a separator is one product's habit
    in_group_ = false;
    behind_group_ = true;
    group_.clear();
    group_addresses_.clear();
  }

  void read_mailbox() {
    std::span<const Token> all(element_);
    const auto opens = std::ranges::count(all, '<', &Token::kind), closes = std::ranges::count(all, '>', &Token::kind);
    MailAddress address;
    address.group = group_;
    if (opens == 0 && closes == 0) {
      if (!read_address(all, address)) return;
      check_name(address, "");
    } else if (opens == 1 && closes == 1 && all.back().kind == '>') {
      const auto open = static_cast<std::size_t>(std::ranges::find(all, '<', &Token::kind) - all.begin());
      const std::span<const Token> phrase = all.first(open);
      std::span<const Token> inner = all.subspan(open + 1, all.size() - open - 2);
      if (!skip_route(inner)) return note(AddressDefect::kSyntax);
      if (inner.empty() && read_name(phrase, address)) return note(AddressDefect::kEmpty);  // RFC 5321's null path
      if (!read_address(inner, address) || !read_name(phrase, address)) return;
      check_name(address, phrase_text(phrase));
    } else {
      return note(AddressDefect::kSyntax);
    }
    list_.addresses.push_back(std::move(address));
  }

  // RFC 5322 4.4 obs-route: "@a,@b:" in front of the address.
  bool skip_route(std::span<const Token>& inner) {
    if (inner.empty() || inner[0].kind != '@') return true;
    const auto colon = std::ranges::find(inner, ':', &Token::kind);
    if (colon == inner.end()) return false;
    note(AddressDefect::kRoute);
    inner = inner.subspan(static_cast<std::size_t>(colon - inner.begin()) + 1);
    return !inner.empty();
  }

  bool fail(AddressDefect defect) {
    note(defect);
    return false;
  }

  bool read_address(std::span<const Token> tokens, MailAddress& address) {
    const auto at = std::ranges::find(tokens, '@', &Token::kind);
    if (at == tokens.end()) return fail(AddressDefect::kSyntax);
    const auto split = static_cast<std::size_t>(at - tokens.begin());
    if (!read_local(tokens.first(split), address) || !read_domain(tokens.subspan(split + 1), address)) return false;
    if (std::ranges::any_of(tokens.subspan(1), &Token::spaced)) note(AddressDefect::kObsolete);
    return true;
  }

  bool read_local(std::span<const Token> tokens, MailAddress& address) {
    bool word_before = false, words = false;
    for (const Token& token : tokens) {
      if (token.kind == '.') {
        if (!word_before) note(AddressDefect::kBadLocal);
        word_before = false;
        address.local += '.';
        continue;
      }
      if ((token.kind != 'a' && token.kind != 'q') || word_before) return fail(AddressDefect::kSyntax);
      word_before = words = true;
      const std::string text = token.kind == 'q' ? unescaped(token.text) : std::string(token.text);
      if (text.find_first_of("@<>") != std::string::npos) note(AddressDefect::kQuotedLocal);
      address.local += text;
    }
    if (!words || address.local.size() > kMaxLocal || !valid_utf8(address.local)) return fail(AddressDefect::kSyntax);
    if (!word_before) note(AddressDefect::kBadLocal);
    std::string decoded;  // RFC 2047 5 forbids encoded words here; some readers decode them all the same
    if (append_decoded_words(decoded, address.local, kMaxName, UnknownCharset::kLatin) &&
        (decoded.find_first_of("@<>,;:") != std::string::npos || std::ranges::any_of(decoded, is_control)))
      note(AddressDefect::kEncodedAddress);
    return true;
  }

  bool read_domain(std::span<const Token> tokens, MailAddress& address) {
    if (tokens.size() == 1 && tokens[0].kind == 'l') {
      address.domain = "[" + lowered(trimmed(tokens[0].text)) + "]";
      const bool plain =
          std::ranges::all_of(tokens[0].text, [](char c) { return c > 0x20 && c < 0x7F && c != '\\' && c != '['; });
      return plain && tokens[0].text.size() < 64 ? true : fail(AddressDefect::kBadDomain);
    }
    std::string text;
    bool dot_due = false;
    for (const Token& token : tokens) {
      if (token.kind != (dot_due ? '.' : 'a')) {
        // An empty label is a bad domain; everything else is no domain at all.
        const bool dots = !dot_due && token.kind == '.';
        return fail(dots ? AddressDefect::kBadDomain : AddressDefect::kSyntax);
      }
      dot_due = !dot_due;
      text += token.text;
    }
    if (tokens.empty()) return fail(AddressDefect::kSyntax);
    if (!dot_due || !domain_reads_one_way(text)) return fail(AddressDefect::kBadDomain);
    address.domain = normalised_domain(text);
    if (address.domain.empty()) return fail(AddressDefect::kBadDomain);
    if (mixes_scripts(address.domain)) note(AddressDefect::kMixedScripts);
    return true;
  }

  std::string name_of(std::span<const Token> tokens) {
    std::string decoded;
    append_decoded_words(decoded, phrase_text(tokens), kMaxName);
    // A decoded NUL or line end cuts the field for readers who decode first.
    const std::string_view text = trimmed(decoded);
    if (text.find('\0') != std::string_view::npos || text.find_first_of("\r\n") != std::string_view::npos)
      note(AddressDefect::kControl);
    return collapsed(text);
  }

  // False where the phrase in front of "<" leaves it open what is the address.
  bool read_name(std::span<const Token> phrase, MailAddress& address) {
    bool plain = true;
    for (const Token& token : phrase) {
      if (token.kind == 'a' || token.kind == 'q' || token.kind == '.') continue;
      if (token.kind != '@' && token.kind != 'l') return fail(AddressDefect::kSyntax);
      plain = false;
    }
    address.display_name = name_of(phrase);
    if (plain) return true;
    std::vector<MailAddress> others;
    collect_addresses(phrase_text(phrase), others, 16);
    const bool agree =
        std::ranges::all_of(others, [&](const MailAddress& other) { return other.domain == address.domain; });
    const bool has_at = std::ranges::find(phrase, '@', &Token::kind) != phrase.end();
    if (!agree || (has_at && others.empty())) return fail(AddressDefect::kSyntax);
    note(AddressDefect::kUnquotedName);
    return true;
  }

  // Hints and traps in what stands beside the address: `raw` is the name before encoded words were decoded.
  void check_name(MailAddress& address, std::string_view raw) {
    const auto names_other = [&](std::string_view text) {
      if (text.find('@') == std::string_view::npos) return false;
      std::vector<MailAddress> others;
      collect_addresses(text, others, 16);
      return std::ranges::any_of(others, [&](const MailAddress& other) { return other.domain != address.domain; });
    };
    // Some readers show words of a charset that they do not know as if it were Latin.
    std::string shown;
    append_decoded_words(shown, raw, kMaxName, UnknownCharset::kLatin);
    const bool other = names_other(shown);
    if (other) note(AddressDefect::kAddressInName);
    // Readers who decode before they parse see one more address where decoding made its brackets or a comma.
    if (other && std::ranges::any_of(std::string_view("<>,;"), [&](char c) { return forms(raw, shown, c); }))
      note(AddressDefect::kEncodedAddress);
    for (const std::string_view comment : comments_) {
      std::string decoded;
      append_decoded_words(decoded, unescaped(comment), kMaxName);
      if (names_other(decoded)) note(AddressDefect::kAddressInName);
      if (address.display_name.empty()) address.display_name = collapsed(decoded);  // the old way to give a name
    }
    const auto differs = [&](const MailAddress& named) { return named.domain != address.domain; };
    if (std::ranges::any_of(group_addresses_, differs)) note(AddressDefect::kAddressInName);
  }
  static bool forms(std::string_view raw, std::string_view decoded, char c) {
    return std::ranges::count(decoded, c) > std::ranges::count(raw, c);
  }

  std::string text_;
  Tokens tokens_;
  AddressList list_;
  std::vector<Token> element_;
  std::vector<std::string_view> comments_;
  std::string group_;
  std::vector<MailAddress> group_addresses_;
  bool ended_ = false, in_group_ = false, behind_group_ = false;
};

}  // namespace

std::string_view to_string(AddressDefect defect) {
  static constexpr std::array<std::string_view, 19> kNames = {
      "empty",         "syntax",     "several",  "address-in-name", "encoded-address", "comment", "obsolete",
      "unquoted-name", "bad-local",  "group",    "mixed-scripts",   "quoted-local",    "route",   "control",
      "not-utf8",      "bad-domain", "too-many", "several-fields",  "hidden-field"};
  return kNames[static_cast<std::size_t>(defect)];
}

bool AddressList::has(AddressDefect defect) const { return std::ranges::find(defects, defect) != defects.end(); }

bool AddressList::ambiguous() const {
  return std::ranges::any_of(defects, [](AddressDefect defect) {
    switch (defect) {
      case AddressDefect::kEmpty:
      case AddressDefect::kSeveral:
      case AddressDefect::kAddressInName:
      case AddressDefect::kComment:
      case AddressDefect::kUnquotedName:
      case AddressDefect::kBadLocal:
      case AddressDefect::kGroup:
      case AddressDefect::kMixedScripts:
      case AddressDefect::kNotUtf8:  // in a name; elsewhere it is a syntax error or a bad domain
      case AddressDefect::kSeveralFields: return false;
      case AddressDefect::kSyntax:
      case AddressDefect::kEncodedAddress:
      case AddressDefect::kObsolete:
      case AddressDefect::kQuotedLocal:
      case AddressDefect::kRoute:
      case AddressDefect::kControl:
      case AddressDefect::kBadDomain:
      case AddressDefect::kTooMany:
      case AddressDefect::kHiddenField: return true;
    }
    return true;
  });
}

AddressList parse_addresses(std::string_view body) { return Parser(body).parse(); }

}  // namespace rw
