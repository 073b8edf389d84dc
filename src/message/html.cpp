// HTML read once from front to back: text that is seen, text that is hidden, links. No tree is built; what hides text
// is kept on a stack of open elements.
//
// Rules of style sheets are not applied, inline styles and attributes are: that is what mail readers keep.
#include "message/html.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "message/css.h"
#include "message/entities.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxHtml = 8 << 20;      // bytes read of one part: readers cut at a few hundred kilobytes
constexpr std::size_t kMaxOpenElements = 256;  // browsers stop at 512; deeper ones inherit
constexpr std::size_t kMaxAttributes = 64;     // of one tag
constexpr std::size_t kMaxEntityDigits = 9;

bool is_html_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

struct Attribute {
  std::string name;
  std::string_view value;  // entities not decoded
};
struct Tag {
  std::string name;
  bool end = false;
  std::vector<Attribute> attributes;
  std::size_t offset = 0;

  std::string_view get(std::string_view name_wanted) const {
    for (const Attribute& a : attributes)
      if (a.name == name_wanted) return a.value;
    return {};
  }
  bool has(std::string_view name_wanted) const {
    return std::ranges::find(attributes, name_wanted, &Attribute::name) != attributes.end();
  }
};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}
constexpr std::array<std::string_view, 15> kVoid = {"area", "base", "br",    "col",    "embed", "hr",  "img",   "input",
                                                    "link", "meta", "param", "source", "track", "wbr", "keygen"};
constexpr std::array<std::string_view, 33> kBlocks = {
    "address",  "article", "aside", "blockquote", "body", "br",  "center",  "dd",    "div", "dl",     "dt",
    "fieldset", "footer",  "form",  "h1",         "h2",   "h3",  "h4",      "h5",    "h6",  "header", "hr",
    "li",       "main",    "nav",   "ol",         "p",    "pre", "section", "table", "td",  "tr",     "ul"};
// Never shown, whatever is in it.
constexpr std::array<std::string_view, 4> kDropped = {"script", "style", "title", "xml"};

// Decodes the reference at the beginning ("&…"). Returns its length, 0 where it is none.
std::size_t decode_reference(std::string_view text, bool in_attribute, std::string& out) {
  if (text.size() < 3) return 0;
  if (text[1] == '#') {
    const bool hex = lower(text[2]) == 'x';
    std::size_t at = hex ? 3 : 2;
    std::uint32_t value = 0;
    const std::size_t first = at;
    for (; at < text.size() && (hex ? hex_digit(text[at]) >= 0 : is_digit(text[at])); ++at)
      if (value <= 0x10FFFF) value = value * (hex ? 16 : 10) + static_cast<std::uint32_t>(hex_digit(text[at]));
    if (at == first) return 0;
    // WHATWG "numeric character reference end state": bytes 128 to 159 are those of Windows-1252.
    static constexpr std::array<std::uint16_t, 32> kWindows = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    if (value >= 0x80 && value <= 0x9F) value = kWindows[value - 0x80];
    append_code_point(out, value == 0 ? 0xFFFD : value);
    return at + (at < text.size() && text[at] == ';' ? 1 : 0);
  }
  std::size_t end = 1;
  while (end < text.size() && end <= kMaxEntityName && is_alnum(text[end])) ++end;
  if (end < text.size() && text[end] == ';') {
    if (const std::uint32_t value = named_character(text.substr(1, end - 1)); value != 0) {
      append_code_point(out, value);
      return end + 1;
    }
  }
  const std::size_t length = legacy_name_length(text.substr(1, end - 1));
  if (length == 0) return 0;
  // "&copy=1" in a link is a parameter.
  const std::size_t behind = length + 1;
  if (in_attribute && behind < text.size() && (text[behind] == '=' || is_alnum(text[behind]))) return 0;
  append_code_point(out, named_character(text.substr(1, length)));
  return behind;
}

std::string decoded_attribute(std::string_view value, std::size_t limit) {
  std::string out;
  while (!value.empty() && out.size() < limit) {
    const std::size_t at = std::min(value.find('&'), value.size());
    append_scrubbed(out, value.substr(0, at));
    value.remove_prefix(at);
    if (value.empty()) break;
    const std::size_t length = decode_reference(value, true, out);
    if (length == 0) out += '&';
    value.remove_prefix(length == 0 ? 1 : length);
  }
  cut_utf8(out, limit);
  return out;
}

// A target as browsers take it: no outer space, no tabs and line ends.
std::string decoded_url(std::string_view value) {
  const std::string decoded = decoded_attribute(value, kMaxUrl);
  std::string out;
  for (const char c : trimmed(decoded))
    if (c != '\t' && c != '\n' && c != '\r') out += c;
  std::size_t begin = 0;
  while (begin < out.size() && static_cast<unsigned char>(out[begin]) <= 0x20) ++begin;
  return out.substr(begin);
}

bool has_scheme(std::string_view url) {
  const std::size_t colon = url.find_first_of(":/\\?#");
  return colon != std::string_view::npos && colon > 0 && url[colon] == ':' && is_alpha(url[0]);
}

// RFC 3986 5.2, as far as the host and the way below it: dots stay.
std::string joined_url(std::string_view base, std::string url) {
  if (base.empty() || url.empty() || url[0] == '#' || has_scheme(url)) return url;
  const std::size_t authority = base.find("//");
  if (authority == std::string_view::npos) return url;
  const bool slash = url[0] == '/' || url[0] == '\\';
  if (slash && url.size() > 1 && (url[1] == '/' || url[1] == '\\')) return std::string(base.substr(0, authority)) + url;
  const std::size_t path = std::min(base.find_first_of("/\\?#", authority + 2), base.size());
  if (slash) return std::string(base.substr(0, path)) + url;
  const std::string_view way = base.substr(0, std::min(base.find_first_of("?#", path), base.size()));
  const std::size_t last = way.rfind('/');
  return last < path || last == std::string_view::npos ? std::string(base.substr(0, path)) + "/" + url
                                                       : std::string(way.substr(0, last + 1)) + url;
}

// The tag that begins at `at` ("<" and a letter, or "</" and a letter). False where it never ends: browsers drop it.
bool read_tag(std::string_view html, std::size_t& at, Tag& tag) {
  std::size_t i = at + 1;
  tag.end = html[i] == '/';
  if (tag.end) ++i;
  const std::size_t name = i;
  while (i < html.size() && !is_html_space(html[i]) && html[i] != '/' && html[i] != '>') ++i;
  tag.name = lowered(html.substr(name, std::min<std::size_t>(i - name, 32)));
  tag.offset = at;
  for (;;) {
    while (i < html.size() && (is_html_space(html[i]) || html[i] == '/')) ++i;
    if (i >= html.size()) return false;
    if (html[i] == '>') break;
    const std::size_t begin = i;
    if (html[i] == '=') ++i;  // WHATWG: belongs to the name there
    while (i < html.size() && !is_html_space(html[i]) && html[i] != '/' && html[i] != '>' && html[i] != '=') ++i;
    Attribute attribute{lowered(html.substr(begin, std::min<std::size_t>(i - begin, 64))), {}};
    while (i < html.size() && is_html_space(html[i])) ++i;
    if (i < html.size() && html[i] == '=') {
      ++i;
      while (i < html.size() && is_html_space(html[i])) ++i;
      if (i >= html.size()) return false;
      const char quote = html[i];
      if (quote == '"' || quote == '\'') {
        const std::size_t end = html.find(quote, i + 1);
        if (end == std::string_view::npos) return false;
        attribute.value = html.substr(i + 1, end - i - 1);
        i = end + 1;
      } else {
        const std::size_t value = i;
        while (i < html.size() && !is_html_space(html[i]) && html[i] != '>') ++i;
        attribute.value = html.substr(value, i - value);
      }
    }
    // WHATWG: the first of several attributes of one name counts.
    if (tag.attributes.size() < kMaxAttributes && !tag.has(attribute.name))
      tag.attributes.push_back(std::move(attribute));
  }
  at = i + 1;
  return true;
}

// What an open element means for the text in it.
struct Element {
  std::string name;
  bool hidden = false, tiny = false, invisible = false;
  std::int32_t colour = 0, background = kNoColour;
  bool transparent = false;
};

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html) : html_(html.substr(0, kMaxHtml)) {
    result_.cut = html.size() > kMaxHtml;
    stack_.push_back({});
  }

  HtmlText read() {
    while (at_ < html_.size()) {
      const std::size_t open = std::min(html_.find('<', at_), html_.size());
      add_text(html_.substr(at_, open - at_));
      at_ = open;
      if (at_ < html_.size()) read_markup();
    }
    finish(result_.text);
    finish(result_.hidden);
    for (HtmlLink& link : result_.links) finish(link.text);
    return std::move(result_);
  }

 private:
  static void finish(std::string& text) {
    while (text.ends_with(' ') || text.ends_with('\n')) text.pop_back();
  }

  void read_markup() {
    const std::string_view rest = html_.substr(at_);
    const char next = rest.size() > 1 ? rest[1] : '\0';
    if (rest.starts_with("<!--")) return read_comment();
    if (next == '!' || next == '?' || (next == '/' && (rest.size() < 3 || !is_alpha(rest[2])))) {
      const std::size_t end = std::min(rest.find('>'), rest.size() - 1);
      if (rest.substr(0, end).find("[endif]") != std::string_view::npos) only_outlook_ = false;
      at_ += end + 1;
      return;
    }
    if (next != '/' && !is_alpha(next)) {
      add_text(rest.substr(0, 1));
      ++at_;
      return;
    }
    Tag tag;
    if (!read_tag(html_, at_, tag)) {
      at_ = html_.size();
      return;
    }
    if (tag.end)
      close(tag.name);
    else
      open(tag);
  }

  // "<!--[if mso]> … <![endif]-->" is a comment to all but Outlook: its text is hidden from the others.
  void read_comment() {
    const std::string_view rest = html_.substr(at_);
    if (rest.starts_with("<!-->") || rest.starts_with("<!--->")) {
      at_ += rest.find('>') + 1;
      return;
    }
    const std::size_t condition =
        trimmed(rest.substr(4, 16)).starts_with("[if") ? rest.substr(0, 256).find("]>") : rest.npos;
    const std::size_t close = rest.find("-->", 4);
    if (condition != rest.npos && close != rest.npos && condition + 2 < close &&
        rest.substr(condition + 2, 4) != "<!--" && rest.substr(condition + 2, 3) != "<!-") {
      only_outlook_ = true;
      at_ += condition + 2;
      return;
    }
    at_ += close == rest.npos ? rest.size() : close + 3;
  }

  bool hidden() const { return only_outlook_ || concealed(stack_.back()); }
  bool concealed(const Element& e) const {
    if (e.hidden || e.tiny || e.invisible || e.transparent) return true;
    if (e.background == kUnknownColour || e.colour < 0) return false;
    // Paper is white, but where a style sheet may say otherwise nothing is assumed.
    if (e.background == kNoColour) return e.colour == 0xFFFFFF && !style_sheet_;
    return e.colour == e.background;
  }

  void put(std::string& out, std::string_view piece, std::size_t limit) {
    if (out.size() + piece.size() <= limit)
      out += piece;
    else if (limit != kMaxLinkText)
      result_.cut = true;
  }
  // Collapses white space; `out` never begins with any.
  void add_collapsed(std::string& out, std::string_view text, std::size_t limit) {
    while (!text.empty()) {
      std::size_t word = 0;
      while (word < text.size() && !is_html_space(text[word])) ++word;
      put(out, text.substr(0, word), limit);
      text.remove_prefix(word);
      std::size_t space = 0;
      while (space < text.size() && is_html_space(text[space])) ++space;
      if (space > 0 && !out.empty() && out.back() != ' ' && out.back() != '\n') put(out, " ", limit);
      text.remove_prefix(space);
    }
  }
  void add_decoded(std::string_view text) {
    const bool unseen = hidden();
    add_collapsed(unseen ? result_.hidden : result_.text, text, kMaxHtmlText);
    if (!unseen && link_open_) add_collapsed(result_.links[link_].text, text, kMaxLinkText);
  }
  void add_text(std::string_view text) {
    if (text.empty()) return;
    if (text.find('&') == std::string_view::npos && valid_utf8(text)) return add_decoded(text);
    std::string out;
    while (!text.empty()) {
      const std::size_t at = std::min(text.find('&'), text.size());
      append_scrubbed(out, text.substr(0, at));
      text.remove_prefix(at);
      if (text.empty()) break;
      const std::size_t length = decode_reference(text, false, out);
      if (length == 0) out += '&';
      text.remove_prefix(length == 0 ? 1 : length);
    }
    add_decoded(out);
  }
  void break_line() {
    std::string& out = hidden() ? result_.hidden : result_.text;
    if (out.ends_with(' ')) out.pop_back();
    if (!out.empty() && out.back() != '\n') put(out, "\n", kMaxHtmlText);
    if (link_open_) add_collapsed(result_.links[link_].text, " ", kMaxLinkText);
  }

  void add_link(LinkKind kind, const Tag& tag, std::string_view value) {
    const std::string url = joined_url(base_, decoded_url(value));
    if (url.empty()) return;
    if (same_folded(std::string_view(url).substr(0, 11), "javascript:") ||
        same_folded(std::string_view(url).substr(0, 9), "vbscript:"))
      result_.script = true;
    if (result_.links.size() >= kMaxHtmlLinks) {
      result_.cut = true;
      return;
    }
    result_.links.push_back({kind, url, {}, tag.offset, hidden()});
  }

  void open(const Tag& tag) {
    for (const Attribute& attribute : tag.attributes)
      if (attribute.name.size() > 3 && attribute.name.starts_with("on")) result_.script = true;
    close_implied(tag.name);
    if (is_one_of(tag.name, kBlocks)) break_line();
    push(tag);
    read_links(tag);
    if (tag.name == "script") result_.script = true;
    if (tag.name == "style") style_sheet_ = true;
    if (tag.name == "form" || (tag.name == "input" && same_folded(trimmed(tag.get("type")), "password")))
      result_.form = true;
    if (is_one_of(tag.name, kDropped)) skip_raw(tag.name);
    if (is_one_of(tag.name, kVoid)) close(tag.name);
  }

  // Content that is no markup goes on to its own end tag (WHATWG "raw text").
  void skip_raw(std::string_view name) {
    for (std::size_t at = html_.find("</", at_); at != std::string_view::npos; at = html_.find("</", at + 2)) {
      const std::string_view behind = html_.substr(at + 2, name.size() + 1);
      if (!same_folded(behind.substr(0, name.size()), name)) continue;
      if (behind.size() > name.size() && !is_html_space(behind.back()) && behind.back() != '/' && behind.back() != '>')
        continue;
      at_ = at;  // the end tag is read as any other
      return;
    }
    at_ = html_.size();
  }

  void read_links(const Tag& tag) {
    const std::string& name = tag.name;
    if (name == "base") {
      if (base_.empty()) base_ = decoded_url(tag.get("href"));
    } else if (name == "a" || name == "area") {
      link_open_ = false;
      const std::size_t before = result_.links.size();
      add_link(LinkKind::kAnchor, tag, tag.get("href"));
      if (result_.links.size() > before && name == "a") {
        link_open_ = true;
        link_ = before;
      } else if (result_.links.size() > before) {
        result_.links.back().text = decoded_attribute(tag.get("alt"), kMaxLinkText);
      }
    } else if (name == "form") {
      add_link(LinkKind::kForm, tag, tag.get("action"));
    } else if (name == "meta" && same_folded(trimmed(tag.get("http-equiv")), "refresh")) {
      const std::string content = decoded_attribute(tag.get("content"), kMaxUrl);  // "0; url=https://…"
      const std::size_t url = lowered(content).find("url");
      const std::size_t equals = url == std::string::npos ? url : content.find('=', url);
      if (equals != std::string::npos) {
        std::string_view target = trimmed(std::string_view(content).substr(equals + 1));
        if (target.starts_with('\'') || target.starts_with('"'))
          target = target.substr(1, target.find(target[0], 1) - 1);
        add_link(LinkKind::kRefresh, tag, target);
      }
    } else if (name == "link" || name == "image") {
      add_link(LinkKind::kResource, tag, tag.get("href"));
    } else if (name == "object") {
      add_link(LinkKind::kResource, tag, tag.get("data"));
    }
    if (tag.has("src")) add_link(LinkKind::kResource, tag, tag.get("src"));
    if (tag.has("background")) add_link(LinkKind::kResource, tag, tag.get("background"));
    if (tag.has("formaction")) add_link(LinkKind::kForm, tag, tag.get("formaction"));
    if (name == "img" && tag.has("alt")) add_text(tag.get("alt"));
    if (name == "input" && tag.has("value") && !same_folded(trimmed(tag.get("type")), "hidden"))
      add_text(tag.get("value"));
  }

  void push(const Tag& tag) {
    Element element = stack_.back();
    element.name = tag.name;
    const Visibility style = read_style(decoded_attribute(tag.get("style"), 8192));
    element.hidden |= style.hidden || tag.has("hidden") || tag.name == "template" || tag.name == "noembed" ||
                      tag.name == "noframes" || tag.name == "head";
    if (tag.name == "body") element.hidden = style.hidden;
    if (style.sized) element.tiny = style.tiny;
    if (style.visibility) element.invisible = style.invisible;
    if (tag.name == "font" && tag.has("color")) element.colour = read_colour(decoded_attribute(tag.get("color"), 64));
    if (tag.has("bgcolor")) element.background = read_colour(decoded_attribute(tag.get("bgcolor"), 64));
    if (tag.has("background")) element.background = kUnknownColour;
    if (style.background != kNoColour) element.background = style.background;
    if (style.transparent || style.colour != kNoColour) {
      element.transparent = style.transparent;
      element.colour = style.colour;
    }
    if (tag.name == "a" && style.colour == kNoColour && !style.transparent)
      element.colour = kUnknownColour;  // links have their own
    if (stack_.size() < kMaxOpenElements)
      stack_.push_back(std::move(element));
    else
      ++overflow_;  // deeper ones look like the deepest that is kept
  }

  void pop() {
    const bool block = is_one_of(stack_.back().name, kBlocks);
    if (block) break_line();
    stack_.pop_back();
  }

  void close(const std::string& name) {
    if (name == "a") link_open_ = false;
    if (name == "p" && !is_open("p")) break_line();
    if (overflow_ > 0) {
      --overflow_;
      return;
    }
    if (!is_open(name)) return;
    // A table's cell shields what is outside of it from stray end tags inside.
    for (std::size_t i = stack_.size(); i-- > 1;) {
      if (stack_[i].name == name) {
        while (stack_.size() > i) pop();
        return;
      }
      const std::string& between = stack_[i].name;
      if ((between == "td" || between == "th" || between == "table") && name != "table" && name != "tr" &&
          name != "body" && name != "html" && name != "tbody")
        return;
    }
  }
  bool is_open(std::string_view name) const {
    return std::ranges::any_of(stack_.begin() + 1, stack_.end(), [&](const Element& e) { return e.name == name; });
  }

  // End tags that HTML lets one leave out: "<p>one<p>two", "<td>one<td>two".
  void close_implied(std::string_view name) {
    const auto pop_to = [&](std::string_view open, std::initializer_list<std::string_view> stops) {
      for (std::size_t i = stack_.size(); i-- > 1;) {
        if (stack_[i].name == open) {
          while (stack_.size() > i) pop();
          return;
        }
        if (std::ranges::find(stops, std::string_view(stack_[i].name)) != stops.end()) return;
      }
    };
    if (overflow_ > 0) return;
    if (name == "td" || name == "th") {
      pop_to("td", {"tr", "table"});
      pop_to("th", {"tr", "table"});
    } else if (name == "tr") {
      pop_to("tr", {"table"});
    } else if (name == "li") {
      pop_to("li", {"ul", "ol", "table", "td"});
    } else if (name == "option") {
      pop_to("option", {"select"});
    } else if (name == "body") {
      pop_to("head", {});
    } else if (is_one_of(name, kBlocks) && name != "br") {
      pop_to("p", {"td", "th", "table", "div", "li", "blockquote", "center"});
    }
  }

  std::string_view html_;
  HtmlText result_;
  std::vector<Element> stack_;
  std::string base_;
  std::size_t at_ = 0, link_ = 0, overflow_ = 0;
  bool link_open_ = false, only_outlook_ = false, style_sheet_ = false;
};

}  // namespace

HtmlText read_html(std::string_view html) { return HtmlReader(html).read(); }

}  // namespace rw
