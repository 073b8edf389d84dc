// Archives in memory through libarchive, and zlib streams.
#include "mail/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace rw {
namespace {

using Handle = std::unique_ptr<archive, int (*)(archive*)>;

constexpr std::size_t kMaxName = 1024;         // of a member: longer ones are cut
constexpr unsigned kMaxRetries = 16;           // of headers that libarchive asks to try again
constexpr unsigned kMaxEmptyEntries = 10'000;  // folders, links: they cost nothing but time

// What is compressed by itself is taken as one file: 1 GiB of zeros would pass for an empty tar otherwise.
void support(archive* handle, bool compressed_file) {
  archive_read_support_filter_gzip(handle);
  archive_read_support_filter_bzip2(handle);
  archive_read_support_filter_xz(handle);
  archive_read_support_filter_lzma(handle);
  archive_read_support_filter_zstd(handle);
  archive_read_support_filter_lz4(handle);
  if (compressed_file) {
    archive_read_support_format_raw(handle);
    return;
  }
  archive_read_support_format_zip(handle);
  archive_read_support_format_7zip(handle);
  archive_read_support_format_rar(handle);
  archive_read_support_format_rar5(handle);
  archive_read_support_format_tar(handle);
  archive_read_support_format_cab(handle);
  archive_read_support_format_iso9660(handle);
  archive_read_support_format_lha(handle);
}

bool speaks_of_encryption(const char* text) {
  if (text == nullptr) return false;
  const std::string_view words(text);
  return words.find("ncrypt") != std::string_view::npos || words.find("assphrase") != std::string_view::npos;
}

class Walk {
 public:
  Walk(archive* handle, std::size_t stored, const UnpackLimits& limits, UnpackBudget& budget, UnpackResult& result)
      : handle_(handle), stored_(stored), limits_(limits), budget_(budget), result_(result) {}

  // False: no more members can be read.
  bool read(UnpackedMember& member) {
    content_.clear();
    std::size_t produced = 0;
    for (;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(handle_, &data, &size, &offset);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        fail(member);
        break;
      }
      produced += size;
      if (size > budget_.bytes) return bomb(member, "it grows beyond what is unpacked of one message");
      budget_.bytes -= size;
      if (produced > limits_.ratio_floor && produced / limits_.ratio > stored_)
        return bomb(member, "it grows to more than " + std::to_string(limits_.ratio) + " times the archive's size");
      const std::size_t room = limits_.member_bytes - content_.size();
      if (size > room) member.cut = true;
      content_.append(static_cast<const char*>(data), std::min(size, room));
    }
    member.content = content_;
    return !result_.damaged;
  }

  void fail(UnpackedMember& member) {
    const char* text = archive_error_string(handle_);
    if (speaks_of_encryption(text)) {
      member.encrypted = result_.encrypted = true;
      return;
    }
    result_.damaged = true;
    if (result_.problem.empty()) result_.problem = text == nullptr ? "damaged" : text;
  }

 private:
  bool bomb(UnpackedMember& member, std::string why) {
    result_.bomb = true;
    result_.problem = std::move(why);
    member.cut = true;
    member.content = content_;
    return false;
  }

  archive* handle_;
  std::size_t stored_;
  const UnpackLimits& limits_;
  UnpackBudget& budget_;
  UnpackResult& result_;
  std::string content_;
};

UnpackedMember member_of(archive_entry* entry, bool raw) {
  UnpackedMember member;
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  if (name != nullptr && !raw) member.name = std::string_view(name).substr(0, kMaxName);
  member.encrypted = archive_entry_is_data_encrypted(entry) != 0;
  return member;
}

}  // namespace

UnpackResult unpack(std::string_view bytes, bool compressed_file, const UnpackLimits& limits, UnpackBudget& budget,
                    const std::function<bool(const UnpackedMember&)>& take) {
  UnpackResult result;
  const Handle handle(archive_read_new(), archive_read_free);
  if (!handle) return result;
  support(handle.get(), compressed_file);
  if (archive_read_open_memory(handle.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    result.encrypted = speaks_of_encryption(archive_error_string(handle.get()));
    result.damaged = !result.encrypted;
    return result;
  }
  Walk walk(handle.get(), std::max<std::size_t>(bytes.size(), 1), limits, budget, result);
  unsigned retries = 0, empty = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(handle.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status == ARCHIVE_RETRY && ++retries < kMaxRetries) continue;
    UnpackedMember nobody;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
      walk.fail(nobody);
      break;
    }
    result.any = true;
    if (archive_entry_filetype(entry) != AE_IFREG) {
      if (++empty > kMaxEmptyEntries) break;
      continue;
    }
    if (budget.members == 0) {
      result.bomb = true;
      result.problem = "it has more members than are looked at";
      break;
    }
    --budget.members;
    UnpackedMember member = member_of(entry, compressed_file);
    if (member.encrypted) result.encrypted = true;
    const bool more = member.encrypted || walk.read(member);
    if (!take(member) || !more) break;
  }
  if (archive_read_has_encrypted_entries(handle.get()) > 0) result.encrypted = true;
  return result;
}

std::string inflate(std::string_view bytes, std::size_t limit) {
  std::string out;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
  std::vector<char> block(std::size_t{64} << 10);
  int status = Z_OK;
  while (status == Z_OK && out.size() < limit) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t produced = block.size() - stream.avail_out;
    out.append(block.data(), std::min(produced, limit - out.size()));
    if (produced == 0) break;
  }
  inflateEnd(&stream);
  return out;
}

}  // namespace rw
