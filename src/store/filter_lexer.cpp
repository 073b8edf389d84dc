// Splits a filter into words.
#include "store/filter_lexer.h"

#include <algorithm>

namespace rw::filter {
namespace {

constexpr std::size_t kMaxShownLine = 100;  // longer lines are cut around the error

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // Tokens of the whole text, ended by one kEnd.
  std::optional<FilterError> run(std::vector<Token>& out) {
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      Token token;
      token.at = at_;
      if (at_ == text_.size()) {
        out.push_back(token);
        return std::nullopt;
      }
      if (auto error = one(token)) return error;
      token.text = token.kind == Token::Kind::kQuoted ? token.text : text_.substr(token.at, at_ - token.at);
      out.push_back(token);
    }
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool ends_word(char c) {
    return is_space(c) || std::string_view("()[],<>=!&|'\"").find(c) != std::string_view::npos;
  }
  bool next_is(char c) const { return at_ + 1 < text_.size() && text_[at_ + 1] == c; }

  std::optional<FilterError> one(Token& token) {
    const char c = text_[at_];
    const auto take = [&](Token::Kind kind, std::size_t bytes = 1) {
      token.kind = kind;
      at_ += bytes;
    };
    const auto compare = [&](Expr::Kind kind, std::size_t bytes) {
      token.compare = kind;
      take(Token::Kind::kCompare, bytes);
    };
    switch (c) {
      case '(': take(Token::Kind::kOpen); return std::nullopt;
      case ')': take(Token::Kind::kClose); return std::nullopt;
      case '[': take(Token::Kind::kListOpen); return std::nullopt;
      case ']': take(Token::Kind::kListClose); return std::nullopt;
      case ',': take(Token::Kind::kComma); return std::nullopt;
      case '=': compare(Expr::Kind::kEq, next_is('=') ? 2 : 1); return std::nullopt;
      case '<':
        if (next_is('>'))
          compare(Expr::Kind::kNe, 2);
        else if (next_is('='))
          compare(Expr::Kind::kLe, 2);
        else
          compare(Expr::Kind::kLt, 1);
        return std::nullopt;
      case '>':
        if (next_is('='))
          compare(Expr::Kind::kGe, 2);
        else
          compare(Expr::Kind::kGt, 1);
        return std::nullopt;
      case '!':
        if (next_is('='))
          compare(Expr::Kind::kNe, 2);
        else
          take(Token::Kind::kNot);
        return std::nullopt;
      case '&':
      case '|':
        if (!next_is(c))
          return FilterError{at_, "a single " + quoted({&c, 1}) + " has no meaning here",
                             std::string("write '") + c + c + "' or '" + (c == '&' ? "and" : "or") + "'"};
        take(Token::Kind::kWord, 2);
        return std::nullopt;
      case '\'':
      case '"': return quoted_text(token, c);
      default:
        while (at_ < text_.size() && !ends_word(text_[at_])) ++at_;
        token.kind = Token::Kind::kWord;
        return std::nullopt;
    }
  }

  std::optional<FilterError> quoted_text(Token& token, char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return FilterError{at_, "this quotation mark is never closed", {}};
    token.kind = Token::Kind::kQuoted;
    token.text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), fold);
  return out;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return fold(x) == fold(y); });
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out;
}

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

std::string describe(std::string_view text, const FilterError& error) {
  const std::size_t at = std::min(error.at, text.size());
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(begin, end - begin);
  std::size_t column = at - begin;
  std::string before, after;
  if (line.size() > kMaxShownLine) {
    const std::size_t cut = column > kMaxShownLine / 2 ? column - kMaxShownLine / 2 : 0;
    if (cut > 0) before = "...";
    if (cut + kMaxShownLine < line.size()) after = "...";
    line = line.substr(cut, kMaxShownLine);
    column -= cut;
  }
  std::string start =
      "LINE " + std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n')) +
      ": " + before;
  // The caret's column counts characters, not bytes.
  const auto shown = static_cast<std::size_t>(
      std::count_if(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(std::min(column, line.size())),
                    [](char c) { return (c & 0xC0) != 0x80; }));
  std::string out =
      error.message + "\n" + start + printable(line) + after + "\n" + std::string(start.size() + shown, ' ') + "^";
  if (!error.tip.empty()) out += "\n  tip: " + error.tip;
  return out;
}

std::optional<FilterError> read_tokens(std::string_view text, std::vector<Token>& out) { return Lexer(text).run(out); }

}  // namespace rw::filter
