// Documents that do something when they are opened: PDF actions, HTML and SVG scripts, scripts as text.
#include <algorithm>
#include <array>
#include <optional>

#include "mail/attachment_parts.h"
#include "mail/unpack.h"
#include "message/html.h"

namespace rw::attachment {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxObjectStream = std::size_t{1} << 20;  // of one compressed stream of objects
constexpr unsigned kMaxObjectStreams = 200;
constexpr std::size_t kMaxName = 64;  // ISO 32000-1 Annex C says 127; the names that count are shorter

struct PdfNames {
  bool script = false, launch = false, embedded = false, encrypted = false;
};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Names as a reader takes them: "/J#61vaScript" is /JavaScript (ISO 32000-1 7.3.5).
void collect_names(std::string_view text, PdfNames& out) {
  for (std::size_t at = text.find('/'); at != std::string_view::npos; at = text.find('/', at + 1)) {
    std::string name;
    for (std::size_t i = at + 1; i < text.size() && name.size() < kMaxName; ++i) {
      char c = text[i];
      if (c == '#' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
        c = static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
      } else if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')) {
        break;
      }
      name += c;
    }
    if (name == "JavaScript" || name == "JS") out.script = true;
    if (name == "Launch") out.launch = true;
    if (name == "EmbeddedFile" || name == "EmbeddedFiles" || name == "RichMedia") out.embedded = true;
    if (name == "Encrypt") out.encrypted = true;
  }
}

// Objects may lie in compressed streams (ISO 32000-1 7.5.7), where a plain search does not see them.
void collect_compressed(std::string_view pdf, PdfNames& out) {
  unsigned streams = 0;
  for (std::size_t at = pdf.find("/ObjStm"); at != std::string_view::npos && streams < kMaxObjectStreams;
       at = pdf.find("/ObjStm", at + 1)) {
    ++streams;
    std::size_t begin = pdf.find("stream", at);
    if (begin == std::string_view::npos) return;
    begin += 6;
    if (begin < pdf.size() && pdf[begin] == '\r') ++begin;
    if (begin < pdf.size() && pdf[begin] == '\n') ++begin;
    const std::size_t end = std::min(pdf.find("endstream", begin), pdf.size());
    collect_names(inflate(pdf.substr(begin, end - begin), kMaxObjectStream), out);
  }
}

// A long run of Base64 in a script: a file that the page builds.
bool has_long_base64(std::string_view text) {
  constexpr std::size_t kLong = 1024;
  std::size_t run = 0;
  for (const char c : text) {
    const bool part =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    run = part ? run + 1 : 0;
    if (run >= kLong) return true;
  }
  return false;
}

// UTF-16 as bytes that a search for ASCII words finds; nothing where it is none.
std::optional<std::string> narrowed(std::string_view bytes) {
  const bool little = bytes.starts_with("\xFF\xFE"sv);
  if (!little && !bytes.starts_with("\xFE\xFF"sv)) return std::nullopt;
  std::string out;
  for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
    const char high = bytes[little ? i + 1 : i];
    out += high == 0 ? bytes[little ? i : i + 1] : '?';
  }
  return out;
}

}  // namespace

void look_into_pdf(std::string_view bytes, AttachmentItem& item) {
  PdfNames names;
  collect_names(bytes, names);
  collect_compressed(bytes, names);
  if (names.script || names.launch || names.embedded) add_sign(item, AttachmentSign::kActivePdf);
  if (names.encrypted) add_sign(item, AttachmentSign::kEncryptedDocument);
}

void look_into_markup(std::string_view given, AttachmentItem& item) {
  const std::optional<std::string> wide = narrowed(given);
  const std::string_view bytes = wide ? std::string_view(*wide) : given;
  if (item.type == "hta") add_sign(item, AttachmentSign::kScript);
  if (item.type == "xml") {
    if (holds(bytes, "<script") || holds(bytes, "xsl:script")) add_sign(item, AttachmentSign::kScript);
    return;
  }
  if (item.type == "office-xml") {
    if (holds(bytes, "w:binDataless"sv) || holds(bytes, "editdata.mso") || holds(bytes, "macrospresent=\"yes\""))
      add_sign(item, AttachmentSign::kMacros);
    return;
  }
  const HtmlText html = read_html(bytes);
  const bool svg = item.type == "svg";
  if (html.script || holds(bytes, "<script") || (svg && (holds(bytes, "<foreignobject") || holds(bytes, "onload="))))
    add_sign(item, AttachmentSign::kActiveHtml);
  static constexpr std::array kBuilders{"mssaveoropenblob"sv, "mssaveblob"sv, "createobjecturl"sv,
                                        "new blob("sv,        "atob("sv,      "new file("sv,
                                        "fromcharcode"sv};
  unsigned builders = 0;
  for (const std::string_view word : kBuilders) builders += holds(bytes, word) ? 1 : 0;
  const bool data_download = holds(bytes, "download=") && holds(bytes, "href=\"data:application/");
  if (builders >= 2 || (builders == 1 && has_long_base64(bytes)) || data_download)
    add_sign(item, AttachmentSign::kSmuggling);
  if (html.form && holds(bytes, "type=\"password\"")) add_sign(item, AttachmentSign::kHtmlForm);
  if (html.form && (holds(bytes, "type='password'") || holds(bytes, "type=password")))
    add_sign(item, AttachmentSign::kHtmlForm);
}

void look_into_text(std::string_view given, AttachmentItem& item) {
  const std::optional<std::string> wide = narrowed(given.substr(0, std::size_t{256} << 10));
  const std::string_view bytes = wide ? std::string_view(*wide) : given.substr(0, std::size_t{256} << 10);
  if (item.type == "shortcut") add_sign(item, AttachmentSign::kShortcut);
  if (item.type == "script") add_sign(item, AttachmentSign::kScript);
  static constexpr std::array kCalls{"wscript.shell"sv,    "createobject("sv,     "activexobject("sv,
                                     "-encodedcommand"sv,  "invoke-expression"sv, "frombase64string("sv,
                                     "shell.application"sv};
  unsigned calls = 0;
  for (const std::string_view word : kCalls) calls += holds(bytes, word) ? 1 : 0;
  // A text that talks about them has one of these words; a program has several, and a name that says so.
  if (calls >= 2) add_sign(item, AttachmentSign::kScript);
}

}  // namespace rw::attachment
