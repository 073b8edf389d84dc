// Conversion by libc's iconv: a list of charsets, descriptors kept per thread, repair of what is no character.
#include "message/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>

#include "message/utf8.h"

namespace rw {
namespace {

enum class Way : std::uint8_t { kIconv, kUtf8, kAscii, kIso2022Jp, kIso2022Kr };
struct Charset {
  std::string_view name;
  Way way = Way::kIconv;
  const char* iconv = nullptr;
};

constexpr auto kCharsets = std::to_array<Charset>({
    {"utf-8", Way::kUtf8},
    {"utf8", Way::kUtf8},
    {"unicode-1-1-utf-8", Way::kUtf8},
    {"cp65001", Way::kUtf8},
    {"us-ascii", Way::kAscii},
    {"ascii", Way::kAscii},
    {"ansi_x3.4-1968", Way::kAscii},
    {"iso646-us", Way::kAscii},
    {"iso-8859-1", Way::kIconv, "CP1252"},
    {"iso8859-1", Way::kIconv, "CP1252"},
    {"iso_8859-1", Way::kIconv, "CP1252"},
    {"latin1", Way::kIconv, "CP1252"},
    {"latin-1", Way::kIconv, "CP1252"},
    {"l1", Way::kIconv, "CP1252"},
    {"iso-8859-2", Way::kIconv, "ISO-8859-2"},
    {"latin2", Way::kIconv, "ISO-8859-2"},
    {"iso8859-2", Way::kIconv, "ISO-8859-2"},
    {"iso-8859-3", Way::kIconv, "ISO-8859-3"},
    {"iso-8859-4", Way::kIconv, "ISO-8859-4"},
    {"iso-8859-5", Way::kIconv, "ISO-8859-5"},
    {"iso-8859-6", Way::kIconv, "ISO-8859-6"},
    {"iso-8859-7", Way::kIconv, "ISO-8859-7"},
    {"iso-8859-8", Way::kIconv, "ISO-8859-8"},
    {"iso-8859-8-i", Way::kIconv, "ISO-8859-8"},
    {"iso-8859-8-e", Way::kIconv, "ISO-8859-8"},
    {"iso-8859-9", Way::kIconv, "CP1254"},
    {"iso8859-9", Way::kIconv, "CP1254"},
    {"latin5", Way::kIconv, "CP1254"},
    {"iso-8859-10", Way::kIconv, "ISO-8859-10"},
    {"iso-8859-11", Way::kIconv, "CP874"},
    {"tis-620", Way::kIconv, "CP874"},
    {"windows-874", Way::kIconv, "CP874"},
    {"iso-8859-13", Way::kIconv, "ISO-8859-13"},
    {"iso-8859-14", Way::kIconv, "ISO-8859-14"},
    {"iso-8859-15", Way::kIconv, "ISO-8859-15"},
    {"iso8859-15", Way::kIconv, "ISO-8859-15"},
    {"latin9", Way::kIconv, "ISO-8859-15"},
    {"latin-9", Way::kIconv, "ISO-8859-15"},
    {"iso-8859-16", Way::kIconv, "ISO-8859-16"},
    {"windows-1250", Way::kIconv, "CP1250"},
    {"windows-1251", Way::kIconv, "CP1251"},
    {"windows-1252", Way::kIconv, "CP1252"},
    {"windows-1253", Way::kIconv, "CP1253"},
    {"windows-1254", Way::kIconv, "CP1254"},
    {"windows-1255", Way::kIconv, "CP1255"},
    {"windows-1256", Way::kIconv, "CP1256"},
    {"windows-1257", Way::kIconv, "CP1257"},
    {"windows-1258", Way::kIconv, "CP1258"},
    {"cp1250", Way::kIconv, "CP1250"},
    {"cp1251", Way::kIconv, "CP1251"},
    {"cp1252", Way::kIconv, "CP1252"},
    {"cp1253", Way::kIconv, "CP1253"},
    {"cp1254", Way::kIconv, "CP1254"},
    {"cp1255", Way::kIconv, "CP1255"},
    {"cp1256", Way::kIconv, "CP1256"},
    {"cp1257", Way::kIconv, "CP1257"},
    {"cp1258", Way::kIconv, "CP1258"},
    {"koi8-r", Way::kIconv, "KOI8-R"},
    {"koi8-u", Way::kIconv, "KOI8-U"},
    {"ibm866", Way::kIconv, "CP866"},
    {"cp866", Way::kIconv, "CP866"},
    {"cp437", Way::kIconv, "CP437"},
    {"ibm437", Way::kIconv, "CP437"},
    {"cp850", Way::kIconv, "CP850"},
    {"ibm850", Way::kIconv, "CP850"},
    {"cp852", Way::kIconv, "CP852"},
    {"ibm852", Way::kIconv, "CP852"},
    {"macintosh", Way::kIconv, "MACINTOSH"},
    {"x-mac-roman", Way::kIconv, "MACINTOSH"},
    {"x-mac-cyrillic", Way::kIconv, "MAC-CYRILLIC"},
    {"iso-2022-jp", Way::kIso2022Jp},
    {"csiso2022jp", Way::kIso2022Jp},
    {"iso-2022-jp-1", Way::kIso2022Jp},
    {"iso-2022-jp-ms", Way::kIso2022Jp},
    {"cp50220", Way::kIso2022Jp},
    {"cp50221", Way::kIso2022Jp},
    {"iso-2022-kr", Way::kIso2022Kr},
    {"shift_jis", Way::kIconv, "CP932"},
    {"shift-jis", Way::kIconv, "CP932"},
    {"sjis", Way::kIconv, "CP932"},
    {"x-sjis", Way::kIconv, "CP932"},
    {"ms_kanji", Way::kIconv, "CP932"},
    {"windows-31j", Way::kIconv, "CP932"},
    {"cp932", Way::kIconv, "CP932"},
    {"euc-jp", Way::kIconv, "EUC-JP-MS"},
    {"x-euc-jp", Way::kIconv, "EUC-JP-MS"},
    {"euc-kr", Way::kIconv, "CP949"},
    {"ks_c_5601-1987", Way::kIconv, "CP949"},
    {"ks_c_5601", Way::kIconv, "CP949"},
    {"ksc5601", Way::kIconv, "CP949"},
    {"ksc_5601", Way::kIconv, "CP949"},
    {"cp949", Way::kIconv, "CP949"},
    {"uhc", Way::kIconv, "CP949"},
    {"windows-949", Way::kIconv, "CP949"},
    {"korean", Way::kIconv, "CP949"},
    {"gb2312", Way::kIconv, "GB18030"},
    {"gb_2312-80", Way::kIconv, "GB18030"},
    {"gbk", Way::kIconv, "GB18030"},
    {"x-gbk", Way::kIconv, "GB18030"},
    {"gb18030", Way::kIconv, "GB18030"},
    {"cp936", Way::kIconv, "GB18030"},
    {"euc-cn", Way::kIconv, "GB18030"},
    {"big5", Way::kIconv, "BIG5-HKSCS"},
    {"big5-hkscs", Way::kIconv, "BIG5-HKSCS"},
    {"x-x-big5", Way::kIconv, "BIG5-HKSCS"},
    {"cp950", Way::kIconv, "BIG5-HKSCS"},
    {"euc-tw", Way::kIconv, "EUC-TW"},
    {"utf-16", Way::kIconv, "UTF-16"},
    {"utf-16le", Way::kIconv, "UTF-16LE"},
    {"utf-16be", Way::kIconv, "UTF-16BE"},
    {"utf-32", Way::kIconv, "UTF-32"},
    {"utf-7", Way::kIconv, "UTF-7"},
    {"unicode-1-1-utf-7", Way::kIconv, "UTF-7"},
});

const Charset* find_charset(std::string_view name) {
  static const std::map<std::string_view, const Charset*> kByName = [] {
    std::map<std::string_view, const Charset*> all;
    for (const Charset& charset : kCharsets) all.emplace(charset.name, &charset);
    return all;
  }();
  if (name.size() > 32) return nullptr;
  const std::string folded = lowered(trimmed(name));
  const auto found = kByName.find(folded);
  return found == kByName.end() ? nullptr : found->second;
}

// Opening a descriptor may load a module; kept while the thread lives. At most one per name of the list.
class Descriptors {
 public:
  Descriptors() = default;
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors() {
    for (const auto& [name, descriptor] : open_)
      if (descriptor != kNone) iconv_close(descriptor);
  }
  // Null where libc lacks the charset.
  iconv_t get(std::string_view name) {
    auto it = open_.find(name);
    if (it == open_.end()) it = open_.emplace(name, iconv_open("UTF-8", std::string(name).c_str())).first;
    if (it->second == kNone) return nullptr;
    iconv(it->second, nullptr, nullptr, nullptr, nullptr);  // back to the initial shift state
    return it->second;
  }

 private:
  inline static const iconv_t kNone = reinterpret_cast<iconv_t>(-1);
  std::map<std::string_view, iconv_t> open_;  // names live as long as the list
};

bool convert(std::string& out, const char* name, std::string_view bytes, std::size_t limit) {
  thread_local Descriptors descriptors;
  const iconv_t descriptor = descriptors.get(name);
  if (descriptor == nullptr) return false;
  char* from = const_cast<char*>(bytes.data());  // iconv takes char** and does not write there
  std::size_t left = bytes.size();
  const std::size_t stop = out.size() + limit;
  std::array<char, 4096> chunk;
  bool flushing = false;
  while (out.size() < stop) {
    char* to = chunk.data();
    std::size_t room = std::min(chunk.size(), std::max<std::size_t>(stop - out.size(), 8));
    const std::size_t converted =
        flushing ? iconv(descriptor, nullptr, nullptr, &to, &room) : iconv(descriptor, &from, &left, &to, &room);
    const int error = converted == static_cast<std::size_t>(-1) ? errno : 0;
    const auto written = static_cast<std::size_t>(to - chunk.data());
    append_scrubbed(out, {chunk.data(), written});
    if (flushing) break;
    if (error == 0) {
      flushing = true;
    } else if (error == E2BIG) {
      if (written == 0 && room >= 8) break;  // cannot happen with a sane libc; never loop for ever
    } else {                                 // EILSEQ: no character; EINVAL: cut in the middle of one
      out += kReplacement;
      if (error == EINVAL || left <= 1) break;
      ++from;
      --left;
    }
  }
  return true;
}

// RFC 1468 and its practice: the escapes pick a set, whose bytes with the high bit set are EUC-JP. libc's own converter
// knows neither half-width kana nor the characters of NEC that Japanese mail is full of.
std::string euc_from_iso2022_jp(std::string_view bytes) {
  std::string out;
  enum class Set { kAscii, kDouble, kKana, kSupplement } set = Set::kAscii;
  static constexpr std::pair<std::string_view, Set> kEscapes[] = {
      {"\x1b(B", Set::kAscii},  {"\x1b(J", Set::kAscii}, {"\x1b(H", Set::kAscii},      {"\x1b$B", Set::kDouble},
      {"\x1b$@", Set::kDouble}, {"\x1b(I", Set::kKana},  {"\x1b$(D", Set::kSupplement}};
  while (!bytes.empty()) {
    const char c = bytes[0];
    if (c == '\x1b') {
      const auto* const found =
          std::ranges::find_if(kEscapes, [&](const auto& escape) { return bytes.starts_with(escape.first); });
      if (found != std::end(kEscapes)) {
        set = found->second;
        bytes.remove_prefix(found->first.size());
        continue;
      }
    }
    if (c == '\n' || c == '\r') set = Set::kAscii;  // RFC 1468: a line begins and ends in ASCII
    const bool graphic = c > 0x20 && c < 0x7F;
    if (set == Set::kAscii || !graphic || (set != Set::kKana && bytes.size() < 2)) {
      out += c;
      bytes.remove_prefix(1);
    } else if (set == Set::kKana) {
      out += '\x8E';
      out += static_cast<char>(c | 0x80);
      bytes.remove_prefix(1);
    } else {
      if (set == Set::kSupplement) out += '\x8F';
      out += static_cast<char>(c | 0x80);
      out += static_cast<char>(bytes[1] | 0x80);
      bytes.remove_prefix(2);
    }
  }
  return out;
}

// RFC 1557: SO and SI switch.
std::string euc_from_iso2022_kr(std::string_view bytes) {
  std::string out;
  bool shifted = false;
  while (!bytes.empty()) {
    const char c = bytes[0];
    if (bytes.starts_with("\x1b$)C")) {
      bytes.remove_prefix(4);
      continue;
    }
    if (c == '\n') shifted = false;
    if (c == '\x0E' || c == '\x0F')
      shifted = c == '\x0E';
    else
      out += shifted && c > 0x20 && c < 0x7F ? static_cast<char>(c | 0x80) : c;
    bytes.remove_prefix(1);
  }
  return out;
}

}  // namespace

bool known_charset(std::string_view name) { return find_charset(name) != nullptr; }

bool append_as_utf8(std::string& out, std::string_view charset, std::string_view bytes, std::size_t limit) {
  const Charset* const found = find_charset(charset);
  if (found == nullptr) return false;
  // No charset of the list makes more than 4 times fewer bytes of UTF-8: what lies far beyond the limit is not needed.
  if (bytes.size() / 8 > limit) bytes = bytes.substr(0, (limit + 1) * 8);
  const std::size_t before = out.size();
  switch (found->way) {
    case Way::kUtf8: append_scrubbed(out, bytes); break;
    case Way::kAscii:
      if (valid_utf8(bytes)) {
        out += bytes;
        break;
      }
      if (!convert(out, "CP1252", bytes, limit)) append_scrubbed(out, bytes);
      break;
    case Way::kIconv:
      if (!convert(out, found->iconv, bytes, limit)) return false;
      break;
    case Way::kIso2022Jp:
      if (!convert(out, "EUC-JP-MS", euc_from_iso2022_jp(bytes), limit)) return false;
      break;
    case Way::kIso2022Kr:
      if (!convert(out, "CP949", euc_from_iso2022_kr(bytes), limit)) return false;
      break;
  }
  if (limit < out.size() - before) cut_utf8(out, before + limit);
  return true;
}

}  // namespace rw
