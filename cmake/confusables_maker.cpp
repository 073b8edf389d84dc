// Writes the table of confusable characters (UTS 39 4) as C++ source, out of ICU's data: run by the build, not shipped.
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

std::string utf8(const UChar* text, int32_t length) {
  char out[256];
  int32_t written = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strToUTF8(out, sizeof out, &written, text, length, &status);
  return U_SUCCESS(status) ? std::string(out, static_cast<std::size_t>(written)) : std::string();
}

void write_bytes(std::FILE* file, const std::string& bytes) {
  std::fputs("constexpr unsigned char kConfusableText[] = {", file);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    std::fprintf(file, "%s%u", i % 24 == 0 ? "\n" : "", static_cast<unsigned char>(bytes[i])), std::fputc(',', file);
  std::fputs("};\n", file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  UErrorCode status = U_ZERO_ERROR;
  USpoofChecker* checker = uspoof_open(&status);
  const UNormalizer2* nfd = unorm2_getNFDInstance(&status);
  if (U_FAILURE(status)) return 1;
  std::map<UChar32, std::string> table;
  for (UChar32 c = 0x21; c <= UCHAR_MAX_VALUE; ++c) {
    if (!u_isdefined(c) || U_IS_SURROGATE(c) || u_charType(c) == U_PRIVATE_USE_CHAR) continue;
    UChar raw[2], plain[64], skeleton[128];
    int32_t length = 0;
    UBool failed = false;
    U16_APPEND(raw, length, 2, c, failed);
    status = U_ZERO_ERROR;
    const int32_t plain_length = unorm2_normalize(nfd, raw, length, plain, 64, &status);
    // A character that decomposes is looked up by its parts.
    if (failed || U_FAILURE(status) || plain_length != length || u_memcmp(plain, raw, length) != 0) continue;
    const int32_t size = uspoof_getSkeleton(checker, 0, raw, length, skeleton, 128, &status);
    if (U_FAILURE(status) || (size == length && u_memcmp(skeleton, raw, length) == 0)) continue;
    table[c] = utf8(skeleton, size);
  }
  uspoof_close(checker);
  if (table.size() < 1000) return 1;  // ICU without its confusables: no table is better than an empty one

  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 1;
  std::fprintf(file, "// Made by cmake/confusables_maker.cpp from ICU %s (Unicode %s): do not edit.\n", U_ICU_VERSION,
               U_UNICODE_VERSION);
  std::fprintf(file, "struct Confusable {\n  std::uint32_t character;\n  std::uint16_t begin, size;\n};\n");
  std::string text;
  std::map<std::string, std::size_t> places;
  std::fprintf(file, "constexpr Confusable kConfusables[] = {\n");
  for (const auto& [character, skeleton] : table) {
    auto [place, fresh] = places.try_emplace(skeleton, text.size());
    if (fresh) text += skeleton;
    std::fprintf(file, "{0x%X,%zu,%zu},\n", static_cast<unsigned>(character), place->second, skeleton.size());
  }
  std::fputs("};\n", file);
  write_bytes(file, text);
  return std::fclose(file) == 0 && text.size() < 65'536 ? 0 : 1;
}
