// Words of a pattern, and what they compare.
#include "format/stix_pattern.h"

#include <optional>

namespace rw {
namespace {

struct Word {
  enum class Kind { kWord, kText, kMark, kEnd, kBad } kind = Kind::kEnd;
  std::string text;
};

bool of_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == ':' || c == '.' || c == '[' || c == '*';
}

class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  Word next() {
    while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) <= ' ') ++at_;
    if (at_ >= text_.size()) return {Word::Kind::kEnd, {}};
    const char c = text_[at_];
    if (c == '\'') return quoted();
    if (c == '[' || c == ']' || c == '(' || c == ')' || c == '=' || c == ',')
      return ++at_, Word{Word::Kind::kMark, {c}};
    if (c == '!' || c == '<' || c == '>') return ++at_, Word{Word::Kind::kMark, {c}};
    if (!of_path(c)) return {Word::Kind::kBad, {}};
    return path();
  }

 private:
  Word quoted() {
    Word word{Word::Kind::kText, {}};
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word.text += text_[at_];
    }
    if (at_ >= text_.size()) return {Word::Kind::kBad, {}};
    ++at_;
    return word;
  }
  // file:hashes.'SHA-256' keeps its quotes out.
  Word path() {
    Word word{Word::Kind::kWord, {}};
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' && !word.text.empty() && (word.text.back() == '.' || word.text.back() == '[')) {
        const Word part = quoted();
        if (part.kind == Word::Kind::kBad) return part;
        word.text += part.text;
      } else if (of_path(c) && (c != '[' || !word.text.empty())) {
        word.text += c;
        ++at_;
      } else if (c == ']' && word.text.find('[') != std::string::npos && word.text.back() != ']' &&
                 word.text.rfind('[') > word.text.rfind(']') + 1) {
        word.text += c;
        ++at_;
      } else {
        break;
      }
    }
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<IndicatorRows::Kind> kind_of(std::string_view path) {
  if (path == "ipv4-addr:value" || path == "ipv6-addr:value") return IndicatorRows::Kind::kAddress;
  if (path == "network-traffic:dst_ref.value" || path == "network-traffic:src_ref.value")
    return IndicatorRows::Kind::kAddress;
  if (path == "domain-name:value") return IndicatorRows::Kind::kDomain;
  if (path == "url:value") return IndicatorRows::Kind::kUrl;
  if (path.starts_with("file:hashes") || path.starts_with("artifact:hashes")) {
    for (const std::string_view name : {"MD5", "SHA-1", "SHA1", "SHA-256", "SHA256", "md5", "sha1", "sha256"})
      if (path.ends_with(name)) return IndicatorRows::Kind::kHash;
  }
  return std::nullopt;
}

}  // namespace

StixPattern read_stix_pattern(std::string_view pattern, std::vector<StixComparison>& values) {
  if (pattern.empty() || pattern.size() > kMaxStixPattern) return StixPattern::kBad;
  Words words(pattern);
  const auto mark = [](const Word& word, char c) { return word.kind == Word::Kind::kMark && word.text[0] == c; };
  int brackets = 0;
  for (Word word = words.next();; word = words.next()) {
    if (word.kind == Word::Kind::kBad) return StixPattern::kBad;
    if (word.kind == Word::Kind::kEnd)
      return brackets == 0 && !values.empty() ? StixPattern::kValues : StixPattern::kBad;
    if (mark(word, '[')) {
      ++brackets;
      continue;
    }
    if (mark(word, ']')) {
      if (--brackets < 0) return StixPattern::kBad;
      continue;
    }
    if (mark(word, '(') || mark(word, ')')) continue;
    if (word.kind != Word::Kind::kWord) return StixPattern::kBad;
    if (word.text == "OR") continue;
    if (word.text == "AND" || word.text == "FOLLOWEDBY" || word.text == "NOT" || word.text == "EXISTS" ||
        word.text == "WITHIN" || word.text == "REPEATS" || word.text == "START")
      return StixPattern::kOther;
    const auto kind = kind_of(word.text);
    if (!kind || brackets == 0) return brackets == 0 ? StixPattern::kBad : StixPattern::kOther;
    const Word compare = words.next();
    const bool in = compare.kind == Word::Kind::kWord && compare.text == "IN";
    const bool subset = compare.kind == Word::Kind::kWord && compare.text == "ISSUBSET";
    if (!mark(compare, '=') && !in && !subset) return StixPattern::kOther;
    if (!in) {
      const Word value = words.next();
      if (value.kind != Word::Kind::kText) return StixPattern::kBad;
      values.push_back({*kind, value.text});
    } else {
      if (!mark(words.next(), '(')) return StixPattern::kBad;
      for (Word value = words.next(); !mark(value, ')'); value = words.next()) {
        if (mark(value, ',')) continue;
        if (value.kind != Word::Kind::kText || values.size() >= kMaxStixValues) return StixPattern::kBad;
        values.push_back({*kind, value.text});
      }
    }
    if (values.size() > kMaxStixValues) return StixPattern::kBad;
  }
}

}  // namespace rw
