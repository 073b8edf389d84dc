// The reader of master files: tokens, entries, and the text form of each record type.
#include "resolver/zone_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ip.h"
#include "resolver/names.h"

namespace rw {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

struct Token {
  std::string_view text;  // escapes as written, without quotes
  bool quoted = false;
};

// One entry: the tokens up to the end of a line that no parenthesis holds open.
struct Entry {
  std::vector<Token> tokens;
  bool blank_owner = false;  // it begins with white space: the owner is the last one
  unsigned line = 0;
  std::string_view directive;  // what follows ";!"
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // False at the end. What is wrong is in `error`, with its line.
  bool next(Entry& entry) {
    while (at_ < text_.size() && error.empty()) {
      entry = {};
      entry.line = line;
      entry.blank_owner = is_space(text_[at_]);
      if (read(entry) && (!entry.tokens.empty() || !entry.directive.empty())) return true;
    }
    return false;
  }

  unsigned line = 1;
  std::string error;

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  bool read(Entry& entry) {
    unsigned open = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++at_, ++line;
        if (open == 0) return true;
      } else if (is_space(c)) {
        ++at_;
      } else if (c == ';') {
        comment(entry);
      } else if (c == '(') {
        if (entry.tokens.empty()) entry.line = line;
        ++open, ++at_;
      } else if (c == ')') {
        if (open == 0) return fail("a ')' without its '('");
        --open, ++at_;
      } else {
        if (entry.tokens.empty()) entry.line = line;
        if (entry.tokens.size() == kMaxZoneTokens) return fail("too many words in one record");
        if (c == '"' ? !quoted(entry) : !word(entry)) return false;
      }
    }
    if (open > 0) return fail("a '(' that is never closed");
    return true;
  }

  void comment(Entry& entry) {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view body = text_.substr(at_ + 1, end - at_ - 1);
    if (entry.tokens.empty() && body.starts_with('!')) {
      while (!body.empty() && is_space(body.back())) body.remove_suffix(1);
      entry.directive = body.substr(1);
    }
    at_ = end;
  }

  bool quoted(Entry& entry) {
    const std::size_t begin = ++at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      if (text_[at_] == '\n') return fail("a quoted string that its line does not close");
    }
    if (at_ >= text_.size()) return fail("a quoted string that is never closed");
    entry.tokens.push_back({text_.substr(begin, at_ - begin), true});
    ++at_;
    return true;
  }

  bool word(Entry& entry) {
    const std::size_t begin = at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n')
        ++at_;
      else if (c == '\n' || c == ';' || c == '(' || c == ')' || c == '"' || is_space(c))
        break;
    }
    if (text_.substr(begin, at_ - begin).find('\0') != std::string_view::npos) return fail("a NUL byte");
    entry.tokens.push_back({text_.substr(begin, at_ - begin), false});
    return true;
  }

  bool fail(std::string what) {
    error = std::move(what);
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

template <typename Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

// Seconds, or the form "1w2d3h4m5s" that name servers take. At most 2^31 - 1 (RFC 2181 8).
bool parse_ttl(std::string_view text, std::uint32_t& ttl) {
  std::uint64_t total = 0;
  if (text.empty() || !is_digit(text.front())) return false;
  while (!text.empty()) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number > 0x7FFFFFFF) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::uint64_t unit = 1;
    if (!text.empty()) {
      switch (text.front() | 0x20) {
        case 's': unit = 1; break;
        case 'm': unit = 60; break;
        case 'h': unit = 3'600; break;
        case 'd': unit = 86'400; break;
        case 'w': unit = 604'800; break;
        default: return false;
      }
      text.remove_prefix(1);
    }
    total += number * unit;
    if (total > 0x7FFFFFFF) return false;
  }
  ttl = static_cast<std::uint32_t>(total);
  return true;
}

void append_u16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value >> 8 & 0xFF);
  out += static_cast<char>(value & 0xFF);
}
void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, value >> 16);
  append_u16(out, value & 0xFFFF);
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Reads the fields of one record's data in order. The first thing wrong stays in `error`.
class DataReader {
 public:
  DataReader(std::span<const Token> tokens, std::string_view origin, bool has_origin)
      : tokens_(tokens), origin_(origin), has_origin_(has_origin) {}

  std::string data;
  std::string error;
  bool done() const { return tokens_.empty(); }
  bool ok() const { return error.empty(); }

  void u8() { number(0xFF, 1); }
  void u16() { number(0xFFFF, 2); }
  void u32() { number(0xFFFFFFFF, 4); }
  void seconds() {
    std::uint32_t value = 0;
    if (const auto token = take("a time"); token && !parse_ttl(token->text, value))
      fail("'" + std::string(token->text) + "' is no time in seconds");
    append_u32(data, value);
  }
  void address4() {
    if (const auto token = take("an IPv4 address"); token) {
      const auto ip = Ip::parse(token->text);
      if (!ip || !ip->is_v4() || token->text.find(':') != std::string_view::npos)
        return fail("'" + std::string(token->text) + "' is no IPv4 address");
      append_u32(data, ip->v4_bits());
    }
  }
  void address6() {
    if (const auto token = take("an IPv6 address"); token) {
      const auto ip = Ip::parse(token->text);
      if (!ip || token->text.find(':') == std::string_view::npos)
        return fail("'" + std::string(token->text) + "' is no IPv6 address");
      for (const std::uint64_t half : {ip->hi, ip->lo}) {
        append_u32(data, static_cast<std::uint32_t>(half >> 32));
        append_u32(data, static_cast<std::uint32_t>(half));
      }
    }
  }
  void name();
  void text();  // one character-string
  void texts() {
    do text();
    while (ok() && !done());
  }
  void rest_hex() {
    std::string digits = joined();
    if (digits.size() % 2 != 0) return fail("an odd number of hexadecimal digits");
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
      const int high = hex_value(digits[i]), low = hex_value(digits[i + 1]);
      if (high < 0 || low < 0) return fail("'" + digits.substr(i, 2) + "' is not hexadecimal");
      data += static_cast<char>(high << 4 | low);
    }
  }
  void rest_base64();
  void type_name() {
    if (const auto token = take("a type"); token) {
      const std::uint16_t type = record_type_by_name(token->text);
      if (type == 0) return fail("'" + std::string(token->text) + "' is no record type");
      append_u16(data, type);
    }
  }
  void rest_unquoted_text() {  // CAA: the last field is the value itself, without a length
    if (const auto token = take("a value"); token) {
      std::string value;
      if (unescape(token->text, value)) data += value;
    }
  }
  void short_text() {  // with a length byte, letters and digits only: CAA's tag
    if (const auto token = take("a tag"); token) {
      if (token->text.empty() || token->text.size() > 255) return fail("a tag has 1 to 255 characters");
      data += static_cast<char>(token->text.size());
      data += token->text;
    }
  }
  void generic();  // RFC 3597 5
  void fail(std::string what) {
    if (error.empty()) error = std::move(what);
  }

 private:
  std::optional<Token> take(const char* what) {
    if (!ok()) return std::nullopt;
    if (tokens_.empty()) {
      fail(std::string("the record ends where ") + what + " should stand");
      return std::nullopt;
    }
    const Token token = tokens_.front();
    tokens_ = tokens_.subspan(1);
    return token;
  }
  void number(std::uint64_t most, unsigned bytes) {
    std::uint64_t value = 0;
    if (const auto token = take("a number"); token && (!parse_number(token->text, value) || value > most))
      fail("'" + std::string(token->text) + "' is no number from 0 to " + std::to_string(most));
    for (unsigned i = bytes; i-- > 0;) data += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  bool unescape(std::string_view text, std::string& out);
  std::string joined() {
    std::string all;
    for (const Token& token : tokens_) all += token.text;
    tokens_ = {};
    return all;
  }

  std::span<const Token> tokens_;
  std::string_view origin_;
  bool has_origin_;
};

// The name that a word means: "@" is the origin, without a final dot it is below the origin.
bool resolve_name(const Token& token, std::string_view origin, bool has_origin, std::string& name, std::string& error) {
  const std::string_view text = token.text;
  std::string full;
  if (text == "@" && !token.quoted) {
    full = origin.empty() ? "." : std::string(origin) + ".";
  } else {
    std::size_t slashes = 0;  // before the last character: an escaped dot ends no name
    while (slashes + 1 < text.size() && text[text.size() - 2 - slashes] == '\\') ++slashes;
    const bool absolute = text.ends_with('.') && slashes % 2 == 0;
    full = absolute || origin.empty() ? std::string(text) : std::string(text) + "." + std::string(origin);
    if (!absolute && !has_origin) {
      error = "'" + std::string(text) + "' has no final dot, and there is no $ORIGIN before it";
      return false;
    }
  }
  if (!text.empty() && canonical_name(full, name)) return true;
  error = "'" + std::string(text) + "' is no name";
  return false;
}

void DataReader::name() {
  if (const auto token = take("a name"); token) {
    std::string canonical, problem;
    if (!resolve_name(*token, origin_, has_origin_, canonical, problem)) return fail(std::move(problem));
    append_wire_name(canonical, data);
  }
}

bool DataReader::unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (i + 3 < text.size() && is_digit(text[i + 1]) && is_digit(text[i + 2]) && is_digit(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
      if (value > 255) return fail("\\" + std::string(text.substr(i + 1, 3)) + " is no byte"), false;
      out += static_cast<char>(value);
      i += 3;
    } else if (i + 1 < text.size() && !is_digit(text[i + 1])) {
      out += text[++i];
    } else {
      return fail("a backslash that escapes nothing"), false;
    }
  }
  return true;
}

void DataReader::text() {
  if (const auto token = take("a text"); token) {
    std::string value;
    if (!unescape(token->text, value)) return;
    if (value.size() > 255)  // RFC 1035 3.3
      return fail("a string of " + std::to_string(value.size()) + " bytes; at most 255 fit: split it into several");
    data += static_cast<char>(value.size());
    data += value;
  }
}

void DataReader::rest_base64() {
  std::string digits = joined();
  while (digits.ends_with('=')) digits.pop_back();
  if (digits.empty() || digits.size() % 4 == 1) return fail("that is no Base64");
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    const int value = base64_value(c);
    if (value < 0) return fail("that is no Base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((held += 6) >= 8) data += static_cast<char>(bits >> (held -= 8) & 0xFF);
  }
}

void DataReader::generic() {
  take("\\#");
  std::size_t length = 0;
  if (const auto token = take("a length"); token && !parse_number(token->text, length))
    return fail("'" + std::string(token->text) + "' is no length");
  rest_hex();
  if (ok() && data.size() != length)
    fail("the length says " + std::to_string(length) + " bytes, and there are " + std::to_string(data.size()));
}

// The text form of each type that has one here. False: none, the data is not read.
bool read_data(std::uint16_t type, DataReader& r) {
  switch (type) {
    case 1: r.address4(); return true;
    case 28: r.address6(); return true;
    case 2:
    case 5:
    case 12:
    case 39: r.name(); return true;                                                                        // RFC 6672
    case 6: r.name(), r.name(), r.u32(), r.seconds(), r.seconds(), r.seconds(), r.seconds(); return true;  // 3.3.13
    case 15: r.u16(), r.name(); return true;
    case 13:
    case 16:
    case 99: r.texts(); return true;
    case 33: r.u16(), r.u16(), r.u16(), r.name(); return true;                       // RFC 2782
    case 35: r.u16(), r.u16(), r.text(), r.text(), r.text(), r.name(); return true;  // RFC 3403
    case 43:
    case 59: r.u16(), r.u8(), r.u8(), r.rest_hex(); return true;  // RFC 4034 5
    case 48:
    case 60: r.u16(), r.u8(), r.u8(), r.rest_base64(); return true;  // RFC 4034 2
    case 52:
    case 53: r.u8(), r.u8(), r.u8(), r.rest_hex(); return true;             // RFC 6698 2.2
    case 257: r.u8(), r.short_text(), r.rest_unquoted_text(); return true;  // RFC 8659 4
    default: return false;
  }
}

bool is_skipped(std::uint16_t type) { return type == 46 || type == 47 || type == 50 || type == 51; }

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : lexer_(text), name_(name) {}

  Result<ZoneFile> run() {
    Entry entry;
    while (error_.empty() && lexer_.next(entry)) {
      line_ = entry.line;
      if (!entry.directive.empty())
        directive(entry.directive);
      else if (!entry.blank_owner && !entry.tokens.front().quoted && entry.tokens.front().text.starts_with('$'))
        control(entry);
      else
        record(entry);
    }
    if (!lexer_.error.empty()) error_ = lexer_.error, line_ = lexer_.line;
    if (!error_.empty()) return Failure(ErrorCode::kUsage, name_ + ":" + std::to_string(line_) + ": " + error_);
    return std::move(file_);
  }

 private:
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  bool name(const Token& token, std::string& out) {
    std::string problem;
    if (resolve_name(token, origin_, has_origin_, out, problem)) return true;
    fail(std::move(problem));
    return false;
  }

  void control(const Entry& entry) {
    const std::string word = upper(entry.tokens.front().text);
    if (word == "$ORIGIN" && entry.tokens.size() == 2) {
      if (!name(entry.tokens[1], origin_)) return;
      has_origin_ = true;
      file_.origins.push_back(origin_);
    } else if (word == "$TTL" && entry.tokens.size() == 2) {  // RFC 2308 4
      if (!parse_ttl(entry.tokens[1].text, default_ttl_))
        return fail("'" + std::string(entry.tokens[1].text) + "' is no time to live");
      has_default_ttl_ = true;
    } else if (word == "$INCLUDE" || word == "$GENERATE") {
      fail(word + " is not taken here: put the records into this file");
    } else if (word == "$ORIGIN" || word == "$TTL") {
      fail(word + " wants one word");
    } else {
      fail("no such directive: " + std::string(entry.tokens.front().text));
    }
  }

  void directive(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
      while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
      const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
      if (end > at) words.push_back(text.substr(at, end - at));
      at = end;
    }
    std::string who;
    if (words.size() >= 2 && words[0] == "fail") {
      if (!name({words[1], false}, who)) return;
      const std::uint16_t type = words.size() > 2 && words[2] == upper(words[2]) ? record_type_by_name(words[2]) : 0;
      const std::size_t reason = type == 0 ? 2 : 3;
      file_.failures.push_back(
          {who, type,
           words.size() > reason
               ? std::string(text.substr(static_cast<std::size_t>(words[reason].data() - text.data())))
               : "the zone file says that it fails"});
    } else if (words.size() == 1 && words[0] == "secure") {
      file_.secure = true;
    } else if (words.size() == 2 && words[0] == "secure") {
      if (name({words[1], false}, who)) file_.secure_zones.push_back(who);
    } else {
      fail("';!' is followed by 'fail NAME [TYPE] [REASON]' or 'secure [ZONE]'");
    }
  }

  void record(const Entry& entry) {
    std::span<const Token> tokens = entry.tokens;
    if (!entry.blank_owner) {
      if (!name(tokens.front(), owner_)) return;
      has_owner_ = true;
      tokens = tokens.subspan(1);
    } else if (!has_owner_) {
      return fail("a record without a name, and none before it");
    }
    ZoneRecord made;
    made.line = entry.line;
    made.name = owner_;
    bool has_ttl = false, has_class = false;
    for (; !tokens.empty(); tokens = tokens.subspan(1)) {  // time to live and class, in either order
      const std::string word = upper(tokens.front().text);
      if (!has_ttl && parse_ttl(word, made.ttl)) {
        has_ttl = true;
      } else if (!has_class && (word == "IN" || word == "CH" || word == "HS" || word == "CS" || is_class(word))) {
        if (word != "IN" && word != "CLASS1") return fail("class " + word + " is not taken here, only IN");
        has_class = true;
      } else {
        break;
      }
    }
    if (tokens.empty()) return fail("a record without a type");
    made.type = record_type_by_name(tokens.front().text);
    if (made.type == 0 || tokens.front().quoted)
      return fail("'" + std::string(tokens.front().text) + "' is no record type that is known here; TYPE" +
                  "n \\# LENGTH HEX takes any (RFC 3597)");
    if (!has_ttl) made.ttl = has_default_ttl_ ? default_ttl_ : last_ttl_;
    last_ttl_ = made.ttl;
    if (!is_skipped(made.type)) data(tokens.subspan(1), std::move(made));
  }

  static bool is_class(std::string_view word) {
    std::uint16_t number = 0;
    return word.starts_with("CLASS") && parse_number(word.substr(5), number);
  }

  void data(std::span<const Token> tokens, ZoneRecord made) {
    DataReader reader(tokens, origin_, has_origin_);
    const std::string type = record_type_name(made.type);
    DnsRecord ignored;
    if (!tokens.empty() && tokens.front().text == "\\#" && !tokens.front().quoted) {
      reader.generic();
      if (reader.ok() && !decode_record(made.type, reader.data, ignored)) reader.fail("the data is none of that type");
    } else if (!read_data(made.type, reader)) {
      tokens = {};  // a type that nobody asks for here: that it is there is all that counts
      reader = DataReader(tokens, origin_, has_origin_);
    }
    if (reader.ok() && !reader.done()) reader.fail("there is more than the record holds");
    if (reader.ok() && reader.data.size() > 0xFFFF) reader.fail("over 65,535 bytes");
    if (!reader.ok()) return fail(type + ": " + reader.error);
    if (file_.records.size() == kMaxZoneRecords)
      return fail("over " + std::to_string(kMaxZoneRecords) + " records in one file");
    made.data = std::move(reader.data);
    file_.records.push_back(std::move(made));
  }

  static constexpr std::uint32_t kTtlWithout = 3'600;

  Lexer lexer_;
  std::string name_;
  std::string error_;
  unsigned line_ = 0;
  std::string origin_, owner_;
  bool has_origin_ = false, has_owner_ = false, has_default_ttl_ = false;
  std::uint32_t default_ttl_ = kTtlWithout, last_ttl_ = kTtlWithout;
  ZoneFile file_;
};

}  // namespace

Result<ZoneFile> parse_zone_file(std::string_view text, const std::string& name) {
  if (text.size() > kMaxZoneBytes) return Failure(ErrorCode::kUsage, name + ": over 64 MB, which no zone to try is");
  return Parser(text, name).run();
}

}  // namespace rw
